// Search in a table without a server: fetches the few index files that what was typed leads to.
// Written for the oldest engines that may meet it (Gecko 48): no syntax and no calls newer than that.
// What is typed stays in this page: it goes into no address, no request and no store.
(function () {
  "use strict";

  // Usual form and variants of kanji, put in when the page is made (publisher/review/variants.py).
  var VARIANTS = "@variants@";

  // Bytes of the index that one search may fetch; past it the reader decides whether to go on. The first search of
  // a page takes this script (20 kB) with it, and stays below 50 kB all the same.
  var BUDGET = 30000;
  var ENOUGH = 120;
  var PAUSE = 700;
  var PATIENCE = 20000;
  var FRESH = 120000;

  // ---- one form for all ways to write a name; the same as publisher/editions/tables/search/fold.py ----

  var SELECTORS = /[\ufe00-\ufe0f]|\udb40[\udd00-\uddef]/g;
  var HIRAGANA = /[\u3041-\u3096\u309d\u309e]/g;
  var SMALL = pairs("ァアィイゥウェエォオッツャヤュユョヨヮワヵカヶケヰイヱエヅズヂジ");
  var V_ROW = pairs("アバイビエベオボ");
  var AGAIN = /([\ud800-\udbff][\udc00-\udfff]|[^々〻ヽヾ])([々〻ヽヾ]+)/g;
  var GA = /([\u3400-\u9fff\uf900-\ufaff\udc00-\udfff])ケ/g;
  var MARKS = /[\u0300-\u036f\u3099\u309a'’‘ʼ`ー]/g;
  var MARKS_BUT_VOICE = /[\u0300-\u036f'’‘ʼ`ー]/g;
  var KANA = /([ア-ン])([\u3099\u309a]*)/g;
  var APART = /[\x00-\/:-`{-\u00bf×÷\u2000-\u2bff\u3000-\u3004\u3008-\u303f\u3099\u309a\u30a0-\u30ff\ufe10-\ufeff\uff00-\uffff]+/g;
  var LATIN = [
    [/tch/g, "tuch"],
    [/([kstcpgdbzjf])\1/g, "tu$1"],
    [/oh(?![aiueo])/g, "o"],
    [/sh/g, "sy"],
    [/ch/g, "ty"],
    [/ts/g, "t"],
    [/j/g, "zy"],
    [/dz/g, "z"],
    [/d([iu])/g, "z$1"],
    [/c([eiy])/g, "s$1"],
    [/x/g, "ks"],
    [/f([aieo])/g, "hu$1"],
    [/wo/g, "o"],
    [/w([ie])/g, "u$1"]
  ];
  var ALIKE = { f: "h", v: "h", c: "k", q: "k", l: "r", z: "s", d: "t", g: "k", b: "h", p: "h" };
  var UNLIKE = { f: "h", v: "b", c: "k", q: "k", l: "r" };
  var VOICE = { k: "g", s: "z", t: "d", h: "b" };
  var LETTERS = letters();
  var USUAL = usual();

  function pairs(text) {
    var found = {};
    for (var i = 0; i < text.length; i += 2) found[text.charAt(i)] = text.charAt(i + 1);
    return found;
  }

  function letters() {
    var rows = ["アイウエオ", "カキクケコ", "サシスセソ", "タチツテト", "ナニヌネノ", "ハヒフヘホ", "マミムメモ", "ラリルレロ"];
    var found = { "ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ン": "n" };
    for (var r = 0; r < rows.length; r++)
      for (var v = 0; v < 5; v++) found[rows[r].charAt(v)] = (r ? "kstnhmr".charAt(r - 1) : "") + "aiueo".charAt(v);
    return found;
  }

  function usual() {
    var found = {};
    VARIANTS.split(" ").forEach(function (group) {
      var forms = group.match(/[\ud800-\udbff][\udc00-\udfff]|[\s\S]/g) || [];
      for (var i = 1; i < forms.length; i++) found[forms[i]] = forms[0];
    });
    return found;
  }

  function of(map) {
    return function (one) {
      return map.hasOwnProperty(one) ? map[one] : one;
    };
  }

  // Kana in one size and one script, variants of kanji as the usual form, everything else as it is.
  function plain(text) {
    text = text.replace(/\n/g, " ").normalize("NFKC").replace(SELECTORS, "").toLowerCase();
    text = text.replace(HIRAGANA, function (kana) {
      return String.fromCharCode(kana.charCodeAt(0) + 0x60);
    });
    text = text.replace(/[ァィゥェォッャュョヮヵヶヰヱヅヂ]/g, of(SMALL));
    text = text.replace(/ヴ([アイエオ])/g, function (all, vowel) {
      return V_ROW[vowel];
    });
    text = text.replace(/ヴ/g, "ブ").replace(AGAIN, function (all, one, more) {
      for (var i = 0; i < more.length; i++) all = i ? all + one : one + one;
      return all;
    });
    return text.replace(GA, "$1カ");
  }

  function variants(text) {
    return text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\u3400-\u9fff\uf900-\ufaff]/g, of(USUAL));
  }

  // The form that the index is sorted by; with `voiced`, the same but for ガ and カ, which stay apart.
  function fold(text, voiced) {
    text = variants(plain(text).normalize("NFKD").replace(voiced ? MARKS_BUT_VOICE : MARKS, ""));
    text = text.replace(KANA, function (all, kana, marks) {
      var latin = LETTERS[kana] || kana;
      var first = marks.charAt(0) === "\u309a" ? "p" : VOICE[latin.charAt(0)];
      return marks && first ? first + latin.slice(1) : latin;
    });
    text = text.replace(APART, " ");
    for (var i = 0; i < LATIN.length; i++) text = text.replace(LATIN[i][0], LATIN[i][1]);
    text = text.replace(/ /g, "").replace(/[fvcqlzdgbp]/g, of(voiced ? UNLIKE : ALIKE));
    text = text.replace(/([kgsztdnhbpmr])y/g, "$1iy").replace(/iy([ie])/g, "i$1");
    return text.replace(/o[ou]+/g, "o").replace(/([a-z])\1+/g, "$1");
  }

  // As it is written, but for what no keyboard can choose: for telling the exact hits from the similar ones.
  function exact(text) {
    return variants(plain(text).normalize("NFC")).replace(/[\s\u3000・･,.、。'’-]+/g, "");
  }

  // The beginnings to look for: what was typed; with shimbashi for シンバシ; a last word put first (Yoshie Sato).
  function beginnings(text) {
    var typed = text.normalize("NFKC").trim();
    // Half a syllable, as it stands there while somebody types: sh may become shi or sho.
    typed = typed.replace(/ch$|ts$/i, "t").replace(/sh$/i, "s").replace(/j$/i, "z").replace(/c$/i, "");
    var words = typed.split(/\s+/);
    var found = { first: spellings(typed), turned: [] };
    if (words.length > 1) found.turned = spellings(words.pop() + " " + words.join(" "));
    return found;
  }

  function spellings(text) {
    var found = [fold(text)];
    var other = fold(text.replace(/m(?=[bpm])/gi, "n"));
    if (other !== found[0]) found.push(other);
    return found.filter(Boolean);
  }

  // ---- the index ----

  function bytes(text) {
    var count = 0;
    for (var i = 0; i < text.length; i++) {
      var unit = text.charCodeAt(i);
      count += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xe000 ? 2 : 3;
    }
    return count;
  }

  // `get(name, anew, done)` fetches a file: done(error, text). Files are kept while they are fresh.
  function Index(get) {
    this.get = get;
    this.anew = false;
    this.when = 0;
    this.forget();
  }

  Index.prototype.forget = function () {
    this.files = {};
    this.folds = {};
    this.root = null;
  };

  Index.prototype.fold = function (text) {
    if (!this.folds.hasOwnProperty(text)) this.folds[text] = fold(text);
    return this.folds[text];
  };

  Index.prototype.load = function (name, search, done) {
    var index = this;
    if (index.files.hasOwnProperty(name)) return done(null, index.files[name]);
    index.get(name, index.anew, function (error, text) {
      var value = null;
      if (!error) {
        search.used += bytes(text);
        try {
          value = JSON.parse(text);
        } catch (broken) {
          error = broken;
        }
      }
      if (!error) index.files[name] = value;
      done(error, value);
    });
  };

  // A search: `more()` goes on until there are enough hits, the budget is used up or nothing is left.
  function Search(index, text, done) {
    this.index = index;
    this.text = text;
    this.done = done;
    this.used = 0;
    this.turned = false;
    this.hits = [];
    this.seen = {};
    this.tasks = null;
    this.stopped = false;
    this.again = false;
  }

  Search.prototype.start = function () {
    var search = this;
    var index = this.index;
    if (Date.now() - index.when > FRESH) index.forget();
    index.load("root", search, function (error, root) {
      if (error) return search.end(error);
      if (!index.root) index.when = Date.now();
      index.root = root;
      var wanted = beginnings(search.text);
      search.tasks = wanted.first.map(from);
      search.other = wanted.turned.map(from);
      search.run();
    });
  };

  Search.prototype.more = function () {
    this.used = 0;
    this.run(this.hits.length + ENOUGH);
  };

  Search.prototype.end = function (error) {
    var search = this;
    if (search.stopped) return;
    // A file that is gone or does not fit: the list is being renewed. Once from the start, then say that it failed.
    if (error && !search.again && search.tasks) {
      search.again = search.index.anew = true;
      search.hits = [];
      search.seen = {};
      search.tasks = null;
      search.index.forget();
      search.start();
      return;
    }
    search.index.anew = false;
    search.done(error, search);
  };

  function from(prefix) {
    return { prefix: prefix, level: -1, name: "root" };
  }

  Search.prototype.run = function (enough) {
    var search = this;
    var root = search.index.root;
    enough = enough || ENOUGH;
    for (;;) {
      if (search.stopped) return undefined;
      if (!search.tasks.length && !search.hits.length && search.other.length) {
        search.tasks = search.other;
        search.other = [];
      }
      var task = search.tasks[0];
      if (!task) return search.end(null);
      if (task.level < 0) {
        search.tasks.shift();
        search.below(task, root.at, root.levels, "\uffff");
        continue;
      }
      var known = search.index.files.hasOwnProperty(task.name);
      if (!known && (search.used + root.size > BUDGET || search.hits.length >= enough)) return search.end(null);
      search.tasks.shift();
      if (!known) break;
      if (!search.use(task, search.index.files[task.name])) return search.end(new Error("unfit"));
    }
    search.index.load(task.name, search, function (error, value) {
      if (error) return search.end(error);
      if (!search.use(task, value)) return search.end(new Error("unfit"));
      return search.run(enough);
    });
    return undefined;
  };

  // Takes a file into account; false when it is not of the edition that led to it.
  Search.prototype.use = function (task, value) {
    if (value.form !== this.index.root.form || value.end !== task.end) return false;
    if (task.level > 0) this.below(task, value.list, task.level - 1, value.end);
    else this.rows(task, value.list);
    return true;
  };

  // The files of a list in which keys with this beginning may stand, put first in the queue.
  Search.prototype.below = function (task, list, level, end) {
    var found = [];
    var first = task.written ? task.prefix + "\u0001" : task.prefix;
    for (var i = 0; i < list.length; i++) {
      var next = i + 1 < list.length ? list[i + 1][0] : end;
      if (this.index.root.whole || (next > first && list[i][0] < first + "\uffff"))
        found.push({ prefix: task.prefix, level: level, name: list[i][1], written: task.written, end: next });
    }
    this.tasks = found.concat(this.tasks);
  };

  Search.prototype.rows = function (task, entries) {
    var root = this.index.root;
    var targets = {};
    for (var i = 0; i < entries.length; i++) {
      var entry = entries[i];
      if (typeof entry === "string") {
        var cut = entry.indexOf(" ");
        if (!task.written && entry.slice(0, cut).indexOf(task.prefix) === 0) targets[entry.slice(cut + 1)] = true;
      } else if (this.fits(task, entry, root)) this.keep(task.name + " " + i, entry);
    }
    var more = Object.keys(targets)
      .sort()
      .map(function (key) {
        return { prefix: key, level: -1, name: "root", written: task.prefix };
      });
    this.tasks = more.concat(this.tasks);
  };

  Search.prototype.fits = function (task, row, root) {
    var index = this.index;
    var name = root.name >= 0 ? index.fold(row[root.name]) : "";
    var key = (root.kana >= 0 && index.fold(row[root.kana])) || name;
    if (task.written) return key === task.prefix && name.indexOf(task.written) >= 0;
    if (key.indexOf(task.prefix) === 0) return true;
    if (!root.whole) return false;
    if (root.people) return key.indexOf(task.prefix) >= 0 || name.indexOf(task.prefix) >= 0;
    return row.some(function (cell) {
      return index.fold(cell).indexOf(task.prefix) >= 0;
    });
  };

  Search.prototype.keep = function (id, row) {
    if (this.seen[id]) return;
    this.seen[id] = true;
    this.hits.push({ row: row, exact: this.isExact(row) });
  };

  // Whether a hit is what was typed to the letter, or only sounds or looks like it.
  Search.prototype.isExact = function (row) {
    var root = this.index.root;
    var typed = this.text;
    var ways = [root.name, root.kana].filter(function (i) {
      return i >= 0;
    });
    var latin = /^[\x00-\x7f\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff’\s]*$/.test(typed.normalize("NFKC"));
    var same = latin
      ? function (text) {
          return fold(text, true);
        }
      : exact;
    if (latin && this.turnedIn(row, ways)) return true;
    return ways.some(function (i) {
      var at = same(row[i]).indexOf(same(typed));
      return root.people ? at === 0 : at >= 0;
    });
  };

  Search.prototype.turnedIn = function (row, ways) {
    var words = this.text.normalize("NFKC").trim().split(/\s+/);
    if (words.length < 2) return false;
    var turned = fold(words.pop() + " " + words.join(" "), true);
    return ways.some(function (i) {
      return fold(row[i], true).indexOf(turned) === 0;
    });
  };

  Search.prototype.left = function () {
    return this.tasks.length > 0;
  };

  // ---- the page ----

  function make(name, properties, inside) {
    var made = document.createElement(name);
    Object.keys(properties || {}).forEach(function (key) {
      made.setAttribute(key, properties[key]);
    });
    (inside || []).forEach(function (one) {
      made.appendChild(typeof one === "string" ? document.createTextNode(one) : one);
    });
    return made;
  }

  function fetcher(folder) {
    return function (name, anew, done) {
      var request = new XMLHttpRequest();
      var over = false;
      function finish(error) {
        if (over) return;
        over = true;
        done(error, error ? "" : request.responseText);
      }
      try {
        request.open("GET", folder + name + ".json", true);
        if (anew) request.setRequestHeader("Cache-Control", "no-cache");
        request.timeout = PATIENCE;
        request.onload = function () {
          finish(request.status === 200 ? null : new Error("status"));
        };
        request.onerror = request.ontimeout = request.onabort = function () {
          finish(new Error("line"));
        };
        request.send();
      } catch (refused) {
        finish(refused);
      }
    };
  }

  function Page(place, words) {
    this.words = words;
    this.index = new Index(fetcher(place.getAttribute("data-index")));
    this.search = null;
    this.last = "";
    this.timer = 0;
    this.composing = false;
    this.input = make("input", {
      id: "kensaku", type: "text", autocomplete: "off", autocapitalize: "none", autocorrect: "off",
      spellcheck: "false", enterkeyhint: "search", "aria-describedby": "kensaku-hint"
    });
    this.status = make("p", { role: "status", "aria-live": "polite", tabindex: "-1" });
    this.results = make("div", { "class": "hits" });
    var form = make("form", { role: "search", "class": "find", action: "#" }, [
      make("h2", {}, [make("label", { "for": "kensaku" }, [words.label])]),
      make("p", { id: "kensaku-hint" }, [words.hint]),
      make("div", {}, [this.input, make("button", { type: "submit" }, [words.button])])
    ]);
    place.appendChild(form);
    place.appendChild(this.status);
    place.appendChild(this.results);
    this.listen(form);
  }

  Page.prototype.listen = function (form) {
    var page = this;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      page.go(true);
    });
    page.input.addEventListener("compositionstart", function () {
      page.composing = true;
      clearTimeout(page.timer);
    });
    page.input.addEventListener("compositionend", function () {
      page.composing = false;
      page.soon();
    });
    page.input.addEventListener("input", function () {
      if (!page.composing) page.soon();
    });
  };

  Page.prototype.soon = function () {
    var page = this;
    clearTimeout(page.timer);
    page.timer = setTimeout(function () {
      page.go(false);
    }, PAUSE);
  };

  Page.prototype.go = function (asked) {
    var page = this;
    clearTimeout(page.timer);
    var text = page.input.value.trim();
    if (!asked && text === page.last) return;
    page.last = text;
    if (page.search) page.search.stopped = true;
    page.search = null;
    if (!/[^a-z0-9]|../.test(fold(text))) {
      page.clear();
      page.status.textContent = asked ? page.words.few : "";
      return;
    }
    page.status.textContent = page.words.busy;
    page.search = new Search(page.index, text, function (error, search) {
      if (search === page.search) page.show(error, search);
    });
    page.search.start();
  };

  Page.prototype.clear = function () {
    while (this.results.firstChild) this.results.removeChild(this.results.firstChild);
  };

  Page.prototype.show = function (error, search) {
    var page = this;
    var words = page.words;
    var root = page.index.root;
    page.clear();
    if (error || !root) {
      page.status.textContent = words.failed;
      return;
    }
    var when = root.as_of ? " " + words.as_of.replace("{moment}", root.as_of) : "";
    if (!search.hits.length && !search.left()) {
      page.status.textContent = words.none + when;
      page.results.appendChild(make("p", { "class": "notes" }, root.people ? [words.sorry].concat(call(words)) : [words.elsewhere]));
      return;
    }
    page.status.textContent = counted(search, words, root) + when;
    page.list(search.hits.filter(function (hit) {
      return hit.exact;
    }), "", root);
    page.list(search.hits.filter(function (hit) {
      return !hit.exact;
    }), words.similar, root);
    var further = search.left() ? page.further(search) : null;
    if (further) page.results.appendChild(further);
    if (search.went) (further ? further.firstChild : page.status).focus();
  };

  function counted(search, words, root) {
    if (!search.hits.length) return words.unfinished;
    var said = search.left() ? words.first + words.narrow : words.found;
    return said.replace("{count}", search.hits.length).replace("{unit}", root.unit);
  }

  function call(words) {
    if (!words.contact && !words.tel) return [];
    var said = words.ask + words.contact + " ";
    return words.tel ? [said, make("a", { href: "tel:" + words.tel }, [words.number])] : [said];
  }

  Page.prototype.further = function (search) {
    var page = this;
    var button = make("button", { type: "button" }, [page.words.more]);
    button.addEventListener("click", function () {
      button.disabled = true;
      page.status.textContent = page.words.busy;
      search.went = true;
      search.more();
    });
    return make("p", {}, [button]);
  };

  Page.prototype.list = function (hits, title, root) {
    if (!hits.length) return;
    if (title) this.results.appendChild(make("h3", {}, [title]));
    this.results.appendChild(make("ul", {}, hits.map(function (hit) {
      return item(hit.row, root);
    })));
  };

  function item(row, root) {
    var head = root.name >= 0 ? root.name : root.kana;
    var name = [make("strong", {}, [row[head]])];
    if (root.kana >= 0 && root.kana !== head && row[root.kana]) name.push("（" + row[root.kana] + "）");
    var lines = [make("p", {}, name)];
    var rest = [];
    root.columns.forEach(function (column, i) {
      if (i === head || i === root.kana || root.map.indexOf(i) >= 0 || !row[i].trim()) return;
      rest.push(make("div", {}, [make("dt", {}, [column]), make("dd", {}, [cell(row[i])])]));
    });
    var map = where(row, root.map);
    if (map) rest.push(make("div", {}, [make("dt", {}, ["地図"]), make("dd", {}, [map])]));
    if (rest.length) lines.push(make("dl", {}, rest));
    return make("li", {}, lines);
  }

  // A telephone number to call by a tap, an address to open, or the text.
  function cell(text) {
    var flat = text.normalize("NFKC").replace(/[‐‑–—−ー]/g, "-").trim();
    var digits = flat.replace(/[^0-9]/g, "");
    var number = /^\+?[0-9][0-9()\- ]{7,18}[0-9]$|^\([0-9]{2,5}\)[0-9\- ]{5,12}[0-9]$/;
    if (number.test(flat) && /[-(]/.test(flat) && digits.length >= 9 && digits.length <= 13)
      return make("a", { href: "tel:" + (flat.charAt(0) === "+" ? "+" : "") + digits }, [text]);
    if (/^https?:\/\/[\x21-\x7e]+$/i.test(flat)) return make("a", { href: flat, rel: "noreferrer" }, [text]);
    return text;
  }

  // The map of the Geospatial Information Authority of Japan, as on the pages of the table.
  function where(row, map) {
    if (map.length !== 2) return null;
    var place = map.map(function (i) {
      return row[i].normalize("NFKC").trim();
    });
    if (!/^[0-9]{1,3}\.[0-9]+$/.test(place[0]) || !/^[0-9]{1,3}\.[0-9]+$/.test(place[1])) return null;
    return make("a", { href: "https://maps.gsi.go.jp/#16/" + place[0] + "/" + place[1] + "/", rel: "noreferrer" }, ["地図（国土地理院）"]);
  }

  // Browsers that run scripts elsewhere and for two seconds only keep the lists of links.
  function able() {
    return "normalize" in String.prototype && "XMLHttpRequest" in window && "addEventListener" in document &&
      Object.prototype.toString.call(window.operamini) !== "[object OperaMini]" && /^https?:$/.test(location.protocol);
  }

  if (typeof module === "object") {
    module.exports = { fold: fold, exact: exact, beginnings: beginnings, Index: Index, Search: Search };
    return;
  }
  var place = document.getElementById("sagasu");
  if (place && able()) new Page(place, JSON.parse(place.getAttribute("data-words")));
})();
