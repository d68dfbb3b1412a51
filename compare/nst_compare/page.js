"use strict";
(() => {
  const wipe = document.querySelector(".wipe");
  const stage = wipe && wipe.querySelector(".stage");
  if (stage) {
    const [left, right] = wipe.querySelectorAll("select");
    const range = wipe.querySelector("input");
    const pictures = [0, 1].map(() => stage.appendChild(document.createElement("img")));
    const show = (picture, select) => {
      const source = document.getElementById(select.value);
      picture.src = source.src;
      picture.alt = source.alt;
    };
    const move = () => {
      stage.style.setProperty("--at", range.value + "%");
      range.setAttribute("aria-valuetext", range.value + " % " + left.selectedOptions[0].text);
    };
    const update = () => { show(pictures[0], left); show(pictures[1], right); move(); };
    for (const select of [left, right]) select.addEventListener("change", update);
    range.addEventListener("input", move);
    stage.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      const box = stage.getBoundingClientRect();
      range.value = 100 * (event.clientX - box.left) / box.width;
      move();
    });
    wipe.hidden = false;
    update();
  }
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open])")) {
      one.open = true;
      one.dataset.closed = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const one of document.querySelectorAll("details[data-closed]")) {
      one.open = false;
      delete one.dataset.closed;
    }
  });
})();
