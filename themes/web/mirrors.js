/* Asks each copy of the site when its publisher last spoke (alive.json). The list is complete without this. */
(function () {
  "use strict";
  var list = document.getElementById("places");
  if (!list || !window.XMLHttpRequest) { return; }
  var OLD = 15 * 60 * 1000;
  function ask(mark) {
    var request = new XMLHttpRequest();
    function none() { mark.textContent = list.getAttribute("data-none"); }
    request.open("GET", mark.getAttribute("data-place") + "alive.json", true);
    request.timeout = 8000;
    request.onload = function () {
      var when;
      try { when = Date.parse(JSON.parse(request.responseText).time); } catch (error) { when = NaN; }
      if (request.status !== 200 || isNaN(when)) { none(); return; }
      mark.textContent = list.getAttribute(new Date().getTime() - when > OLD ? "data-old" : "data-alive");
    };
    request.onerror = none;
    request.ontimeout = none;
    request.send();
  }
  var marks = list.querySelectorAll("[data-place]");
  for (var i = 0; i < marks.length; i += 1) { ask(marks[i]); }
})();
