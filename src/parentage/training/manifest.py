# SPDX-License-Identifier: Apache-2.0
"""The manifest of a packet, ``packet.toml``: what a team states about its training.

Everything but the version and the model's name may be left out; what is left out is
listed as missing, with what it would have shown. Unknown keys are refused, so that a
misspelt one is not a silent gap. Steps are optimizer steps, counted from 0 (the state
before the first update); lengths and batches are in tokens and sequences.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

SCHEMA: Final = "parentage.packet/1"

NAME: Final = "packet.toml"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Inside = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""A path inside the packet's folder, with forward slashes."""

Count = Annotated[int, Field(ge=0, le=10**18)]
Positive = Annotated[int, Field(gt=0, le=10**18)]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]

StageKind = Literal["pretraining", "continued", "post-training"]
Family = Literal["cosine", "linear", "wsd", "constant", "inverse-sqrt"]
LossKind = Literal["token-cross-entropy", "binary-cross-entropy", "other"]
"""Binary: the mean over independent questions that are answered with yes or no."""
Precision = Literal["fp32", "tf32", "bf16", "fp16", "fp8", "fp4"]
Shape = Literal[
    "normal", "truncated-normal", "uniform", "zeros", "ones", "orthogonal", "other"
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelPart(_Part):
    """The model that the training led to."""

    name: Text
    released: Inside | None = Field(None, description="folder of the final weights")
    parameters: Positive | None = None
    active_parameters: Positive | None = Field(
        None, description="parameters that one token passes through; all if left out"
    )
    vocabulary: Annotated[int, Field(ge=2, le=10**8)] | None = Field(
        None, description="entries of the output layer that the loss is taken over"
    )
    layers: Positive | None = None
    attention_width: Positive | None = Field(
        None, description="heads times head size, for the attention term of the compute"
    )


class RoleScheme(_Part):
    """The distribution that the tensors of a role were drawn from at step 0."""

    distribution: Shape
    std: Amount | None = Field(None, description="standard deviation of an element")
    note: Text | None = None


class Initialisation(_Part):
    """Where training began: weights of step 0, or how to draw them again."""

    weights: Inside | None = None
    fingerprint: Inside | None = None
    seed: int | None = None
    framework: Text | None = Field(
        None,
        description="library and function, such as `transformers 5.1 init_weights`",
    )
    code: Inside | None = Field(None, description="file that draws the weights")
    code_sha256: Sha256 | None = None
    default: RoleScheme | None = None
    roles: dict[Text, RoleScheme] = {}


class CheckpointPart(_Part):
    """The model at one step: whole, or as the sampled fingerprint of its weights."""

    step: Count
    tokens: Count | None = None
    weights: Inside | None = None
    fingerprint: Inside | None = None
    optimizer: Inside | None = Field(None, description="optimizer state of this step")
    stage: Text | None = None

    @model_validator(mode="after")
    def _something(self) -> CheckpointPart:
        if self.weights is None and self.fingerprint is None:
            raise ValueError("needs `weights` or `fingerprint`")
        return self


class Columns(_Part):
    """Which column or key of a log holds what; names as the log writes them."""

    step: Text | None = None
    tokens: Text | None = None
    time: Text | None = Field(None, description="seconds since 1970, or a date")
    elapsed: Text | None = Field(None, description="seconds since the run began")
    loss: Text | None = None
    eval_loss: Text | None = None
    lr: Text | None = None
    grad_norm: Text | None = None
    throughput: Text | None = Field(None, description="tokens per second")
    step_time: Text | None = Field(None, description="seconds per step")
    epoch: Text | None = None
    batch_size: Text | None = Field(None, description="sequences per step")


class LogPart(_Part):
    """A log file of a stage."""

    path: Inside
    format: Text = "auto"
    columns: Columns | None = None
    every: Positive | None = Field(None, description="steps between two lines")
    complete: bool = Field(
        default=False, description="states that no logged line is left out"
    )
    averaged: Positive | None = Field(
        None, description="steps that one logged loss is the mean of"
    )


class OptimizerPart(_Part):
    """The optimizer and its constants."""

    name: Text
    peak_lr: Amount | None = None
    betas: tuple[float, float] | None = None
    epsilon: Amount | None = None
    weight_decay: Rate | None = None
    gradient_clip: Amount | None = None


class SchedulePart(_Part):
    """The learning rate over the steps of a stage."""

    family: Family
    warmup_steps: Count = 0
    total_steps: Positive | None = Field(
        None, description="step at which the decay ends; the stage's last if left out"
    )
    decay_steps: Positive | None = Field(
        None, description="length of the last decay of `wsd`"
    )
    final_lr: Rate = Field(0.0, description="learning rate at the end of the decay")


class ResumePart(_Part):
    """A restart from a checkpoint, and why."""

    step: Count = Field(description="step that training went on from")
    reason: Text
    until: Count | None = Field(
        None, description="last step reached before; later steps were done again"
    )


class BatchPart(_Part):
    """A change of the batch during a stage."""

    from_step: Count
    batch_size: Positive


class HardwarePart(_Part):
    """What a stage ran on, and for how long."""

    accelerator: Text = Field(description="an id of accelerators.toml, or a name")
    count: Positive
    hours: Amount = Field(description="wall-clock hours, all restarts included")
    precision: Precision = "bf16"
    peak_flops: Amount | None = Field(
        None, description="peak per second of one device; for one not in the table"
    )


class SourcePart(_Part):
    """One source of training data."""

    name: Text
    tokens: Count | None = None
    sha256: Sha256 | None = Field(None, description="of the source's file list")
    licence: Text | None = None
    generator: Text | None = Field(
        None, description="the model that wrote it, where the data is synthetic"
    )


class DataPart(_Part):
    """The data of a stage and its order."""

    manifest: Inside | None = Field(None, description="list of files with digests")
    tokens: Positive | None = Field(None, description="tokens trained on, repeats too")
    order_seed: int | None = None
    order: Inside | None = Field(None, description="the order itself, if disclosed")
    sources: tuple[SourcePart, ...] = ()


class StagePart(_Part):
    """One stretch of training under one recipe."""

    name: Text
    kind: StageKind
    loss: LossKind = "token-cross-entropy"
    first_step: Count = 0
    steps: Positive | None = None
    batch_size: Positive | None = Field(None, description="sequences per step")
    sequence_length: Positive | None = Field(None, description="tokens per sequence")
    batch_changes: tuple[BatchPart, ...] = ()
    optimizer: OptimizerPart | None = None
    schedule: SchedulePart | None = None
    data: DataPart | None = None
    hardware: tuple[HardwarePart, ...] = ()
    logs: tuple[LogPart, ...] = ()
    resumes: tuple[ResumePart, ...] = ()

    @property
    def tokens_per_step(self) -> float | None:
        """Tokens of the largest batch; ``None`` where batch or length is not stated."""
        if self.batch_size is None or self.sequence_length is None:
            return None
        sizes = (self.batch_size, *(c.batch_size for c in self.batch_changes))
        return float(max(sizes) * self.sequence_length)

    def leads_to(self, step: int) -> bool:
        """Whether a checkpoint of a step is one that this stage left."""
        end = None if self.steps is None else self.first_step + self.steps
        return self.first_step < step and (end is None or step <= end)


class ReplayPart(_Part):
    """A stretch of training that can be done again, with its batches."""

    from_step: Count = Field(description="of a checkpoint with an optimizer state")
    steps: Annotated[int, Field(gt=0, le=100_000)] = Field(
        description="to the step of a later checkpoint"
    )
    batches: Inside = Field(
        description="safetensors with the arguments of each step, as `STEP.argument`"
    )


class SegmentPart(_Part):
    """Batches of some steps between two checkpoints, to ask both about them."""

    from_step: Count = Field(description="of a checkpoint, or 0")
    to_step: Positive = Field(description="of a later checkpoint")
    batches: Inside = Field(
        description="safetensors with the arguments of some steps from `from_step` to "
        "before `to_step`, as `STEP.argument`"
    )

    @model_validator(mode="after")
    def _forward(self) -> SegmentPart:
        if self.to_step <= self.from_step:
            raise ValueError("`to_step` must come after `from_step`")
        return self


class TokenizerPart(_Part):
    """How the tokenizer came to be."""

    files: Inside | None = None
    trained_by: Text | None = Field(None, description="library and settings")
    corpus: Text | None = None
    corpus_sha256: Sha256 | None = None
    merges_sha256: Sha256 | None = None
    taken_from: Text | None = Field(
        None, description="the model it was taken from, where it was not trained"
    )


class CodePart(_Part):
    """The code that trained the model."""

    repository: Text | None = None
    commit: Text | None = None
    archive: Inside | None = None


class SignaturePart(_Part):
    """Who vouches for the digests."""

    envelope: Inside = Field(description="signed statement over the digests")
    public_key: Inside | None = None
    signer: Text | None = None


class Manifest(_Part):
    """Everything that a packet states."""

    schema_: Literal["parentage.packet/1"] = Field(SCHEMA, alias="schema")
    model: ModelPart
    initialisation: Initialisation | None = None
    stages: tuple[StagePart, ...] = ()
    checkpoints: tuple[CheckpointPart, ...] = ()
    replays: tuple[ReplayPart, ...] = ()
    segments: tuple[SegmentPart, ...] = ()
    tokenizer: TokenizerPart | None = None
    software: dict[Text, Text] = {}
    code: CodePart | None = None
    digests: Inside = Field("SHA256SUMS", description="digest of every other file")
    signature: SignaturePart | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _in_order(self) -> Manifest:
        steps = [point.step for point in self.checkpoints]
        if steps != sorted(set(steps)):
            raise ValueError("steps of `checkpoints` must grow from one to the next")
        names = [stage.name for stage in self.stages]
        if len(set(names)) != len(names):
            raise ValueError("names of `stages` must differ")
        known = set(names)
        for point in self.checkpoints:
            if point.stage is not None and point.stage not in known:
                raise ValueError(
                    f"checkpoint of step {point.step}: no stage {point.stage!r}"
                )
        return self
