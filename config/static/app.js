/* Feeds the status line, copies the "As of" time, counts lost polls, ignores double presses. Pages work without it. */
(function () {
  "use strict";
  var lost = 0;
  var spoken = function () { return document.getElementById("spoken"); };
  document.addEventListener("announce", function (event) {
    if (spoken()) spoken().textContent = event.detail.value || "";
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var request = event.detail.xhr;
    if (!event.target.matches("[data-poll]") && !event.target.closest("[data-poll]")) return;
    lost = event.detail.successful || request.status === 204 ? 0 : lost + 1;
    var asOf = document.getElementById("as-of");
    var time = request.getResponseHeader("X-As-Of");
    if (asOf && time) asOf.textContent = "As of " + time;
    if (asOf && lost > 1) {
      var now = new Date().toTimeString().slice(0, 5);
      asOf.textContent = "This page lost contact with Core at " + now + ". Reload to see how things are now.";
    }
  });
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.sent && Date.now() - Number(form.dataset.sent) < 5000) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = String(Date.now());
    var button = event.submitter;
    if (button && button.dataset.busy) {
      button.setAttribute("aria-busy", "true");
      button.textContent = button.dataset.busy;
    }
  });
})();
