# SPDX-License-Identifier: Apache-2.0
"""Findings to verdicts, declarations and licences, on bundled models."""

import json
import shutil
import tomllib
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

import parentage
from parentage.errors import UsageError
from parentage.report.lineage_schema import shipped_schema
from parentage.report.load import load_report, parse_report
from parentage.report.verdict_document import Verdict
from parentage.report.verdict_schema import DOCUMENTS, INPUTS, schema_text
from parentage.run.agreement import agree, same_model
from parentage.run.audit import audit
from parentage.run.declared import read_declarations, stated_licence
from parentage.run.diff_reports import diff_files
from parentage.run.facts import facts_of
from parentage.run.judge import (
    judge_file,
    judge_report,
    profiles_named,
    recorded_modules,
)
from parentage.run.licences import licence_chain, notices_beside
from parentage.run.provenance import provenance_of
from parentage.run.report_parts import declared_file, licences_file, list_profiles
from parentage.verdict.manifest import Manifest

MODELS = Path(__file__).parents[2] / "zoo" / "models"
PAIRS = {
    "vlm-frozen": "vlm-donor",
    "vlm-tuned": "vlm-donor",
    "vlm-cured": "vlm-donor",
    "decoder-b": "decoder-a",
}


@pytest.fixture(name="files", scope="module")
def files_fixture(tmp_path_factory):
    """Stored reports of audits without declarations."""
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for candidate, reference in PAIRS.items():
        report = audit(MODELS / candidate, [MODELS / reference])
        found[candidate] = folder / f"{candidate}.json"
        found[candidate].write_text(report.to_json(), encoding="utf-8")
    return found


@pytest.fixture(name="reports", scope="module")
def reports_fixture(files):
    return {name: load_report(file) for name, file in files.items()}


def model_with(tmp_path, name, card=None, **other):
    """A copy of a bundled model with files beside it; its name is kept."""
    target = tmp_path / name
    shutil.copytree(MODELS / name, target)
    if card is not None:
        (target / "README.md").write_text(card, encoding="utf-8")
    for file, text in other.items():
        (target / file.replace("_", ".")).write_text(text, encoding="utf-8")
    return target


def manifest(tmp_path, text):
    file = tmp_path / "manifest.toml"
    head = 'schema = "parentage.manifest/1"\nmodel = "vlm"\n'
    file.write_text(head + text, encoding="utf-8")
    return file


def outcomes(verdict):
    return {
        (r.rule, r.item or r.module or r.component): r.outcome for r in verdict.rows
    }


def by_profile(document_or_verdicts):
    verdicts = getattr(document_or_verdicts, "verdicts", document_or_verdicts)
    return {v.profile.id: v.outcome for v in verdicts}


@pytest.mark.parametrize("name", [*DOCUMENTS, *INPUTS])
def test_shipped_schema_is_up_to_date(name):
    assert shipped_schema(name) == schema_text(name), f"write schema_text({name!r})"


def test_documents_validate(files, tmp_path):
    pairs = {
        "verdict-1.schema.json": judge_file(files["vlm-frozen"], []),
        "profiles-1.schema.json": list_profiles(),
        "declared-1.schema.json": declared_file(
            MODELS / "vlm-frozen", files["vlm-frozen"]
        ),
        "licences-1.schema.json": licences_file(files["vlm-frozen"]),
        "changes-1.schema.json": diff_files(files["vlm-frozen"], files["vlm-cured"]),
    }
    assert pairs.keys() == DOCUMENTS.keys()
    for name, document in pairs.items():
        schema = json.loads(shipped_schema(name))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.loads(document.to_json()), schema)


def test_what_people_write_validates():
    """Shipped profiles and the manifest of the docs, by the schemas for editors."""
    schema = json.loads(shipped_schema("profile-1.schema.json"))
    folder = resources.files("parentage.verdict").joinpath("profiles")
    for file in folder.iterdir():
        jsonschema.validate(tomllib.loads(file.read_text("utf-8")), schema)
    page = (MODELS.parents[1] / "docs/commands/declared.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    schema = json.loads(shipped_schema("manifest-1.schema.json"))
    jsonschema.validate(tomllib.loads(example), schema)
    assert Manifest.model_validate_json(json.dumps(tomllib.loads(example)))


def test_reports_from_before_stay_readable(files):
    data = json.loads(files["vlm-frozen"].read_text())
    for field in ("declared", "licences", "verdicts"):
        data.pop(field)
    old = parse_report(json.dumps(data))
    assert old.verdicts == ()
    assert by_profile(judge_report(old, profiles_named([])))["screening"] == "violated"


def test_from_python(reports):
    (verdict,) = parentage.judge(reports["vlm-frozen"], ["screening"])
    assert verdict.outcome == "violated"
    assert len(parentage.judge(reports["vlm-frozen"])) == len(list_profiles().profiles)


def test_a_link_that_is_not_https_is_refused(files):
    data = json.loads(judge_file(files["vlm-frozen"], ["screening"]).to_json())
    data["verdicts"][0]["rows"][0]["source"]["link"] = "javascript:alert(1)"
    with pytest.raises(ValueError, match="link"):
        Verdict.model_validate(data["verdicts"][0])


# findings -> classes


@pytest.mark.parametrize(
    ("candidate", "module", "state", "found"),
    [
        ("vlm-frozen", "vision_encoder", "known", "frozen-external"),
        ("vlm-tuned", "vision_encoder", "known", "fine-tuned-external"),
        ("vlm-cured", "vision_encoder", "nothing-found", "unknown"),
        ("vlm-frozen", "text_decoder", "nothing-found", "unknown"),
        ("decoder-b", "text_decoder", "nothing-found", "unknown"),
    ],
)
def test_classes_of_bundled_models(reports, candidate, module, state, found):
    item = provenance_of(reports[candidate])[module]
    assert (item.state, item.found) == (state, found)


def edited(report, **changes):
    """A report whose vision encoder says something else."""
    rows = [
        m.model_copy(update=changes) if m.name == "vision_encoder" else m
        for m in report.modules
    ]
    return report.model_copy(update={"modules": tuple(rows)})


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("identical", "frozen-external"),
        ("quantised", "frozen-external"),
        ("passthrough", "merged"),
        ("merge", "merged"),
        ("merge-with-remainder", "merged"),
        ("low-rank", "fine-tuned-external"),
        ("trained", "fine-tuned-external"),
        ("not-described", "fine-tuned-external"),
    ],
)
def test_every_kind_of_descent_has_a_class(reports, kind, found):
    report = reports["vlm-tuned"]
    descents = tuple(d.model_copy(update={"kind": kind}) for d in report.descents)
    report = report.model_copy(update={"descents": descents})
    assert provenance_of(report)["vision_encoder"].found == found


@pytest.mark.parametrize(
    ("depth", "found"),
    [
        ("in-place", "fine-tuned-external"),
        ("layers-taken", "fine-tuned-external"),
        ("depth-up-scaled", "upcycled"),
        ("layers-removed", "upcycled"),
        ("layers-added", "upcycled"),
        ("layers-reordered", "upcycled"),
        ("layers-interpolated", "upcycled"),
    ],
)
def test_every_kind_of_depth_has_a_class(reports, depth, found):
    report = reports["vlm-tuned"]
    module = next(m for m in report.modules if m.name == "vision_encoder")
    outcome = module.outcomes[0]
    moved = outcome.depth.model_copy(update={"kind": depth})
    outcome = outcome.model_copy(update={"depth": moved})
    report = edited(report, outcomes=(outcome,))
    assert provenance_of(report)["vision_encoder"].found == found


def test_experts_made_of_plain_mlps_are_upcycled(reports):
    report = reports["vlm-tuned"]
    module = next(m for m in report.modules if m.name == "vision_encoder")
    part = module.outcomes[0].parts[0].model_copy(update={"block": "experts"})
    outcome = module.outcomes[0].model_copy(update={"parts": (part,)})
    found = next(m for m in module.layer_maps if m.block == "mlp")
    shown = found.model_copy(update={"block": "experts"})
    report = edited(report, outcomes=(outcome,), layer_maps=(shown,))
    assert provenance_of(report)["vision_encoder"].found == "upcycled"


def test_a_whole_copy_is_identical(reports):
    report = reports["vlm-frozen"]
    encoder = next(m for m in report.modules if m.name == "vision_encoder")
    report = report.model_copy(update={"modules": (encoder,)})
    assert provenance_of(report)["vision_encoder"].found == "identical"


def test_correspondence_violates_under_no_profile(reports):
    report = edited(reports["vlm-frozen"], finding="correspondence")
    report = report.model_copy(update={"descents": ()})
    for verdict in judge_report(report, profiles_named([])):
        rows = [r for r in verdict.rows if r.module == "vision_encoder"]
        assert all(r.outcome != "violated" for r in rows)


def test_nothing_found_without_power_says_nothing(reports):
    report = reports["vlm-cured"]
    module = next(m for m in report.modules if m.name == "vision_encoder")
    none = module.power.model_copy(update={"correlation": None})
    report = edited(report, power=none)
    assert provenance_of(report)["vision_encoder"].state == "not-testable"
    assert by_profile(judge_report(report, profiles_named(["screening"]))) == {
        "screening": "inconclusive"
    }


def test_equal_tokenizers_are_equal_and_designs_only_resemble(reports):
    facts = {f.component: f for f in facts_of(reports["decoder-b"]).components}
    assert (facts["tokenizer"].found, facts["tokenizer"].grade) == (
        "identical",
        "equal",
    )
    assert facts["architecture"].grade == "calibrated"
    assert facts["data"].state == "silent"


# what must show 2: the cure


def test_the_cured_model_passes_what_the_frozen_one_failed(files):
    document = diff_files(files["vlm-frozen"], files["vlm-cured"], ["screening"])
    changes = [(c.what, c.subject, c.old, c.new) for c in document.changes]
    assert changes == [
        (
            "finding",
            "vision_encoder",
            "identical (vlm-donor)",
            "no-dependence-found",
        ),
        ("class", "vision_encoder", "frozen-external", "unknown"),
        ("outcome", "screening", "violated", "satisfied"),
        ("rule", "no-listed-weights: vision_encoder", "violated", "satisfied"),
    ]


def test_the_cure_that_was_suggested_is_the_one_that_was_made(files):
    (verdict,) = judge_file(files["vlm-frozen"], ["screening"]).verdicts
    row = next(r for r in verdict.rows if r.outcome == "violated")
    assert [[s.action for s in c.steps] for c in row.cures] == [["replace"]]
    assert verdict.cure.overall == "satisfied"
    (after,) = judge_file(files["vlm-cured"], ["screening"]).verdicts
    assert after.outcome == "satisfied"


def test_with_records_the_cured_model_meets_the_minimum_condition(reports, tmp_path):
    """Records of own initialisation decide between inconclusive and satisfied."""
    names = ["gov-minimum"]
    bare = reports["vlm-cured"]
    modules = frozenset(m.name for m in bare.modules)
    own = frozenset(modules - {"vision_encoder"})
    file = manifest(
        tmp_path,
        '[[components]]\ncomponent = "architecture"\n'
        'provenance = "architecture-only"\nsource = "vlm-donor"\n',
    )
    cured = audit(MODELS / "vlm-cured", [MODELS / "vlm-donor"], manifest=file)
    profiles = profiles_named(names)
    assert by_profile(judge_report(cured, profiles)) == {"gov-minimum": "inconclusive"}
    assert by_profile(judge_report(cured, profiles, modules)) == {
        "gov-minimum": "satisfied"
    }
    assert by_profile(judge_report(reports["vlm-frozen"], profiles, own)) == {
        "gov-minimum": "violated"
    }


# declared against found

CARD = "---\nlicense: apache-2.0\n{}\n---\n# Model\n"


def rows_of(declared):
    return {
        (r.subject, r.outcome): r
        for r in declared.rows
        if r.component != ("inference-code")
    }


def test_undeclared_reuse_and_the_patch_for_it(tmp_path):
    card = "---\nlicense: apache-2.0\nbase_model: someone/else\n---\n# Model\n"
    model = model_with(tmp_path, "vlm-frozen", card)
    report = audit(model, [MODELS / "vlm-donor"], profiles=["ci-hygiene"])
    rows = rows_of(report.declared)
    assert ("vision_encoder", "undeclared") in rows
    assert ("decoder-weights", "unverifiable") in rows
    patch = report.declared.patch
    assert "+- someone/else\n+- vlm-donor\n" in patch
    assert "-base_model: someone/else\n" in patch
    # Another name may be the same model: no accusation of silence.
    (verdict,) = report.verdicts
    found = outcomes(verdict)
    assert found["declared-reuse", "vision_encoder"] == "inconclusive"


def test_the_patched_card_is_confirmed(tmp_path):
    model = model_with(tmp_path, "vlm-frozen", "---\nlicense: mit\n---\n# Model\n")
    donor = tmp_path / "donor" / "vlm-donor"
    shutil.copytree(MODELS / "vlm-donor", donor)
    (donor / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    before = audit(model, [donor], profiles=["ci-hygiene"])
    assert by_profile(before.verdicts) == {"ci-hygiene": "violated"}
    text = apply_patch((model / "README.md").read_text(), before.declared.patch)
    (model / "README.md").write_text(text, encoding="utf-8")
    after = audit(model, [donor], profiles=["ci-hygiene"])
    assert by_profile(after.verdicts) == {"ci-hygiene": "satisfied"}
    assert ("decoder-weights", "confirmed") in rows_of(after.declared)
    assert after.declared.patch == ""


def apply_patch(text, patch):
    """Apply a unified diff whose hunks cover whole, ordered parts of the text."""
    old, new = text.splitlines(), []
    at = 0
    for line in patch.splitlines():
        if line.startswith("@@"):
            start = max(int(line.split()[1].split(",")[0][1:]) - 1, 0)
            new += old[at:start]
            at = start
        elif line.startswith(("---", "+++")) and line[3:4] == " ":
            continue
        elif line.startswith("+"):
            new.append(line[1:])
        else:
            assert old[at] == line[1:]
            new += [] if line.startswith("-") else [line[1:]]
            at += 1
    return "\n".join(new + old[at:]) + "\n"


def test_a_patch_for_a_model_without_a_card(files):
    found = declared_file(MODELS / "vlm-frozen", files["vlm-frozen"]).declared
    text = apply_patch("", found.patch)
    assert text.startswith("---\nbase_model:\n- vlm-donor\n---\n")
    assert "vision encoder (44.06 % of parameters): frozen external" in text


def test_tag_finetuned_names_no_model(tmp_path, files):
    model = model_with(tmp_path, "vlm-cured", CARD.format("tags:\n- finetuned"))
    found = declared_file(model, files["vlm-cured"]).declared
    assert found.statements == ()
    assert [n.id for n in found.notes] == ["tag-finetuned"]
    assert not [r for r in found.rows if r.outcome in {"undeclared", "contradicted"}]


STATED = """
own_models = [{own}]
[[components]]
component = "encoder-weights"
provenance = "{provenance}"
{more}
"""


@pytest.mark.parametrize(
    ("candidate", "provenance", "more", "outcome"),
    [
        ("vlm-frozen", "frozen-external", 'source = "x/vlm_donor"', "confirmed"),
        ("vlm-frozen", "identical", 'source = "VLM-Donor"', "confirmed"),
        ("vlm-frozen", "fine-tuned-external", 'source = "vlm-donor"', "contradicted"),
        ("vlm-tuned", "frozen-external", 'source = "vlm-donor"', "contradicted"),
        ("vlm-tuned", "fine-tuned-external", 'source = "vlm-donor"', "confirmed"),
        ("vlm-frozen", "own", "", "contradicted"),
        ("vlm-cured", "own", "", "unverifiable"),
        ("vlm-cured", "frozen-external", 'source = "vlm-donor"', "contradicted"),
        ("vlm-cured", "frozen-external", 'source = "other"', "unverifiable"),
    ],
)
def test_statements(files, tmp_path, candidate, provenance, more, outcome):
    file = manifest(tmp_path, STATED.format(own="", provenance=provenance, more=more))
    found = declared_file(MODELS / candidate, files[candidate], file).declared
    rows = [r for r in found.rows if r.component == "encoder-weights"]
    assert rows[0].outcome == outcome
    if outcome == "confirmed":
        assert not any(r.outcome == "undeclared" for r in found.rows)


@pytest.mark.parametrize(
    ("share", "outcome"),
    [("0.44", "confirmed"), ("0.4406", "confirmed"), ("0.12", "contradicted")],
)
def test_shares_are_counted_from_shapes(files, tmp_path, share, outcome):
    more = f'source = "vlm-donor"\nshare = {share}'
    text = STATED.format(own="", provenance="frozen-external", more=more)
    file = manifest(tmp_path, text)
    found = declared_file(MODELS / "vlm-frozen", files["vlm-frozen"], file).declared
    row = next(r for r in found.rows if r.where.endswith(".share"))
    assert row.outcome == outcome
    assert row.found == "44.06 %"


def test_frozen_by_steps_but_trained(files, tmp_path):
    more = 'source = "vlm-donor"\ntrainable_steps = 0'
    text = STATED.format(own="", provenance="fine-tuned-external", more=more)
    file = manifest(tmp_path, text)
    found = declared_file(MODELS / "vlm-tuned", files["vlm-tuned"], file).declared
    row = next(r for r in found.rows if r.where.endswith(".trainable_steps"))
    assert row.outcome == "contradicted"


def test_a_report_about_another_model_is_refused(files):
    with pytest.raises(UsageError, match="modules have other sizes"):
        declared_file(MODELS / "decoder-b", files["vlm-frozen"])


def test_the_makers_own_earlier_model(tmp_path):
    text = STATED.format(own='"vlm-donor"', provenance="own", more="")
    report = audit(
        MODELS / "vlm-frozen",
        [MODELS / "vlm-donor"],
        manifest=manifest(tmp_path, text),
        profiles=["gov-phase-2", "screening"],
    )
    for verdict in report.verdicts:
        rows = [
            r
            for r in verdict.rows
            if r.module == "vision_encoder" and r.kind == "provenance"
        ]
        assert {r.outcome for r in rows} == {"inconclusive"}


def test_a_declared_source_counts_where_no_test_was_made(files, tmp_path):
    more = 'source = "Qwen/Qwen2.5-VL"\nlicence = "Apache-2.0"'
    text = STATED.format(own="", provenance="frozen-external", more=more)
    report = audit(
        MODELS / "vlm-cured",
        [MODELS / "decoder-a"],
        manifest=manifest(tmp_path, text),
        profiles=["screening"],
    )
    found = outcomes(report.verdicts[0])
    assert found["no-listed-weights", "vision_encoder"] == "violated"
    row = next(r for r in report.verdicts[0].rows if r.outcome == "violated")
    assert row.grade == "declared"


def test_a_broken_card_is_a_note_and_a_broken_manifest_an_error(tmp_path):
    model = model_with(tmp_path, "decoder-b", "---\na: [\n---\n")
    report = audit(model, [MODELS / "decoder-a"])
    assert [n.id for n in report.declared.notes] == ["card-unreadable"]
    assert report.finding == "no-dependence-found"
    with pytest.raises(Exception, match="'source' is missing"):
        audit(
            model,
            [MODELS / "decoder-a"],
            manifest=manifest(
                tmp_path, STATED.format(own="", provenance="merged", more="")
            ),
        )


# licences


def test_conflicts_name_their_clause(files):
    found = licences_file(
        files["vlm-frozen"],
        licences=[("vlm-donor", "llama3.1")],
        whole="Apache-2.0",
    ).licences
    (link,) = found.chain
    assert (link.module, link.licences) == ("vision_encoder", ("LicenseRef-llama3.1",))
    assert {c.say.id for c in found.conflicts} == {
        "conflict-restrictions",
        "conflict-duty",
    }
    naming = next(d for d in found.duties if d.kind == "naming")
    assert (naming.met, naming.clause) == ("no", "1.b.i")


def test_duties_are_looked_for_beside_the_weights(tmp_path):
    card = "---\nlicense: llama3.1\n---\nBuilt with Llama\n"
    notice = (
        "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © "
        "Meta Platforms, Inc. All Rights Reserved."
    )
    model = model_with(tmp_path, "vlm-frozen", card, NOTICE=notice)
    report = audit(
        model,
        [MODELS / "vlm-donor"],
        licences=[("vlm-donor", "llama3.1")],
        manifest=manifest(tmp_path, ""),
    )
    met = {d.kind: d.met for d in report.licences.duties}
    assert met["display"] == met["notice"] == "yes"
    assert met["naming"] == "no"
    assert met["commercial-threshold"] == "unknown"
    assert report.licences.whole == "llama3.1"


@pytest.mark.parametrize(
    ("licence", "whole", "said"),
    [
        ("Apache-2.0", "MIT", set()),
        ("MIT OR llama-like", "MIT", set()),
        ("gemma", "mit", {"conflict-pass-on"}),
        ("cc-by-nc-4.0", "mit", {"conflict-non-commercial"}),
        ("GPL-3.0-only", "mit", {"conflict-copyleft"}),
        ("gemma", "gemma", set()),
        ("gemma", None, set()),
    ],
)
def test_conflicts(files, licence, whole, said):
    found = licences_file(
        files["vlm-frozen"], licences=[("vlm-donor", licence)], whole=whole
    ).licences
    assert {c.say.id for c in found.conflicts} - {"conflict-duty"} == said


def test_nothing_reused_has_no_chain(files):
    assert licences_file(files["vlm-cured"]).licences.chain == ()


def test_an_unknown_licence_is_said_to_be_unknown(files):
    found = licences_file(
        files["vlm-frozen"], licences=[("vlm-donor", "house rules")]
    ).licences
    assert found.unknown == ("house rules",)
    found = licences_file(files["vlm-frozen"]).licences
    assert found.chain[0].stated is None


# other places where something is stated


def test_gguf_metadata_states_bases_and_licence():
    config = {
        "general.architecture": "llama",
        "general.license": "llama3.1",
        "general.base_model.0.repo_url": "https://huggingface.co/meta-llama/Base",
        "general.base_model.1.name": "Other",
    }
    said = read_declarations(None, config)
    assert [s.source for s in said.statements] == [
        "https://huggingface.co/meta-llama/Base",
        "Other",
    ]
    assert said.licence == ("llama3.1", "GGUF: general.license")
    assert [s.kind for s in said.sources] == ["gguf"]


@pytest.mark.parametrize(
    ("relation", "provenance"),
    [
        ("finetune", "fine-tuned-external"),
        ("adapter", "fine-tuned-external"),
        ("quantized", "frozen-external"),
        ("merge", "merged"),
        ("cousin", "unknown"),
    ],
)
def test_relations_of_cards(tmp_path, relation, provenance):
    text = CARD.format(f"base_model: a/decoder-a\nbase_model_relation: {relation}")
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    (statement,) = read_declarations(tmp_path, {}).statements
    assert (statement.source, statement.provenance) == ("a/decoder-a", provenance)
    tag = CARD.format(f"tags:\n- base_model:{relation}:a/decoder-a")
    (tmp_path / "README.md").write_text(tag, encoding="utf-8")
    found = read_declarations(tmp_path, {}).statements
    assert [s.provenance for s in found] == (
        [provenance] if provenance != "unknown" else []
    )


def test_a_base_model_that_leaves_no_trace_is_contradicted(tmp_path):
    front = "base_model: x/decoder-a\nbase_model_relation: finetune\nnew_version: x/y"
    model = model_with(tmp_path, "decoder-b", CARD.format(front))
    report = audit(model, [MODELS / "decoder-a"], profiles=["screening"])
    rows = {r.subject: r for r in report.declared.rows}
    assert rows["decoder-weights"].outcome == "contradicted"
    assert rows["new_version"].reason.id == "superseded"
    # What exact tests say stands above a statement, also above one against oneself.
    assert report.verdicts[0].outcome == "satisfied"


def test_a_left_over_folder_name_is_a_note():
    said = read_declarations(None, {"_name_or_path": "/tmp/Qwen2.5-7B"})
    assert said.statements == ()
    assert said.folder_name == "/tmp/Qwen2.5-7B"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Qwen/Qwen2.5-VL-7B", "qwen2.5_vl-7b", True),
        ("https://huggingface.co/a/b/", "b", True),
        ("a/b", "a/c", False),
        ("", "", False),
        ("모델-1", "모델 1", True),
    ],
)
def test_names_of_models(a, b, same):
    assert same_model(a, b) is same


def test_a_training_record_speaks_for_every_module(reports):
    class Recorded:
        support = "from-scratch-supported"

    report = reports["vlm-cured"]
    assert recorded_modules(report) == frozenset()
    report = report.model_copy()
    object.__setattr__(report, "training", Recorded())
    assert recorded_modules(report) == {m.name for m in report.modules}


def directed(report, direction):
    descents = tuple(
        d.model_copy(update={"direction": direction}) for d in report.descents
    )
    return report.model_copy(update={"descents": descents})


def test_a_model_that_came_later_is_not_held_against_the_candidate(reports):
    report = directed(reports["vlm-frozen"], "from-candidate")
    for verdict in judge_report(report, profiles_named([])):
        rows = [r for r in verdict.rows if r.module == "vision_encoder"]
        assert all(r.outcome != "violated" for r in rows)
        if verdict.profile.id == "screening":
            assert rows[0].reason.id == "other-came-later"
    said = read_declarations(None, {})
    assert not [r for r in agree(report, said).rows if r.outcome == "undeclared"]
    assert licence_chain(report, said, {}).chain == ()


def test_a_known_direction_is_said(reports):
    report = directed(reports["vlm-frozen"], "from-reference")
    (verdict,) = judge_report(report, profiles_named(["screening"]))
    (row,) = [r for r in verdict.rows if r.outcome == "violated"]
    assert row.reason.id == "class-forbidden-directed"


def test_what_is_no_path_has_no_card(tmp_path, monkeypatch):
    """``base+adapter`` is read as a model, and its parent is not its folder."""
    (tmp_path / "README.md").write_text(CARD.format("base_model: x"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    said = read_declarations(Path("base+adapter"), {})
    assert said.card is None
    assert notices_beside(Path("base+adapter")) is None
    assert stated_licence(Path("base+adapter"), {}) is None
