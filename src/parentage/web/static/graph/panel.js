// SPDX-License-Identifier: Apache-2.0
// What stands beside the graph: the chosen model, its parents and its children.

const MOST = 60;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** A list of lines, each a button to the model at the other end. */
function lines(list, end, graph, choose, texts) {
  const items = list.slice(0, MOST).map((line) => {
    const item = make("li");
    const button = make("button", graph.names[line[end]], "link");
    button.type = "button";
    button.addEventListener("click", () => choose(line[end]));
    item.append(button, " ", make("span", texts[line.kind], `kind ${line.kind}`));
    const modules = line.told.modules || [];
    const names = texts.modules;
    if (modules.length) item.append(make("small", modules.map((name) => names[name] || name).join(", ")));
    if (line.told.report_id) {
      const link = make("a", texts.report);
      link.href = `/reports/${line.told.report_id}`;
      item.append(link);
    }
    return item;
  });
  const all = make("ul", undefined, "plainlist");
  all.append(...items);
  if (list.length > MOST) {
    const left = String(list.length - MOST);
    all.append(make("li", texts.more.replace("{count}", left), "muted"));
  }
  return all;
}

/**
 * @param {HTMLElement} panel
 * @param {object} graph
 * @param {number} i the chosen model, or -1
 * @param {(j: number) => void} choose
 * @param {DOMStringMap} data texts of the page: `data-text-…`
 */
export function showModel(panel, graph, i, choose, data) {
  const texts = {
    declared: data.textDeclared,
    both: data.textBoth,
    found: data.textFound,
    correspondence: data.textCorrespondence,
    more: data.textMore,
    modules: JSON.parse(data.modules || "{}"),
    report: data.textReport,
  };
  panel.dataset.chosen = i < 0 ? "" : graph.nodes[i].id;
  if (i < 0) {
    panel.replaceChildren(make("p", data.textNone, "muted"));
    return;
  }
  const node = graph.nodes[i];
  const parts = [make("h2", node.name)];
  if (node.organisation) parts.push(make("p", node.organisation, "muted"));
  if (node.finding) {
    const word = data[`finding${camel(node.finding)}`] || node.finding;
    parts.push(make("p", word, `badge ${node.finding}`));
  }
  if (node.model_id) {
    const link = make("a", data.textOpen);
    link.href = `/models/${node.model_id}`;
    const line = make("p");
    line.append(link);
    parts.push(line);
  }
  for (const [title, list, end] of [
    [data.textParents, graph.parents[i], "parent"],
    [data.textChildren, graph.children[i], "child"],
  ]) {
    if (!list.length) continue;
    parts.push(make("h3", `${title} (${list.length})`));
    parts.push(lines(list, end, graph, choose, texts));
  }
  panel.replaceChildren(...parts);
}

function camel(word) {
  return word.replace(/(^|-)(.)/g, (_, __, letter) => letter.toUpperCase());
}
