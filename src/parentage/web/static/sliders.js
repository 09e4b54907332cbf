// SPDX-License-Identifier: Apache-2.0
// Says beside each slider where it stands.

for (const slider of document.querySelectorAll("input[type=range][data-shown]")) {
  const output = document.querySelector(`output[for="${slider.id}"]`);
  slider.addEventListener("input", () => {
    output.textContent = slider.dataset.shown.replace("{}", slider.value);
  });
}
