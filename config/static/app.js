/* Feeds the status line and the "As of" time, moves lost focus, counts lost polls, ignores double presses. */
(function () {
  "use strict";
  var lost = 0, spoke = 0, later, part = null;
  function on(name, act) { document.addEventListener(name, act); }
  function by(id) { return document.getElementById(id); }
  on("announce", function (e) {
    clearTimeout(later);
    later = setTimeout(function () {
      spoke = Date.now();
      by("spoken").textContent = e.detail.value || "";
    }, e.target.closest("[data-poll]") ? Math.max(0, spoke + 10000 - Date.now()) : 0);
  });
  on("htmx:beforeSwap", function (e) {
    var at = document.activeElement;
    part = e.detail.target.contains(at) ? (at.closest("section[id]") || e.detail.target).id : null;
  });
  on("htmx:afterSettle", function () {
    if (part && document.activeElement === document.body) {
      var spot = by(part) && by(part).querySelector("h2") || document.querySelector("h1");
      spot.tabIndex = -1;
      spot.focus();
    }
    part = null;
  });
  on("htmx:afterRequest", function (e) {
    if (!e.detail.elt.closest("[data-poll]")) return;
    var at = by("as-of"), time = e.detail.xhr.getResponseHeader("X-As-Of");
    lost = e.detail.successful ? 0 : lost + 1;
    if (at && time) at.textContent = "As of " + time;
    if (at && lost === 2)
      at.textContent = "This page lost contact with Core at " + at.textContent.slice(6, 11) +
        ". Reload to see how things are now.";
  });
  on("submit", function (e) {
    var button = e.submitter, mark = (button || e.target).dataset, now = Date.now();
    if (e.target.method !== "post") return;
    if (now - mark.sent < 5000) return e.preventDefault();
    mark.sent = now;
    if (mark.busy) setTimeout(function () {
      button.style.minWidth = button.offsetWidth + "px";
      button.setAttribute("aria-busy", "true");
      button.textContent = mark.busy;
    }, 1000);
  });
})();
