// Drives a real Chromium through playwright-core: reads what to do as JSON, writes what happened as JSON.
"use strict";
const fs = require("fs");
const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const { chromium } = require(asked.tools + "/playwright-core");

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

// A fresh reader: no cache, nothing kept. Everything that is fetched and said is written down.
async function reader(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const line = await context.newCDPSession(page);
  const seen = { requests: [], bytes: 0, said: [] };
  const addresses = {};
  await line.send("Network.enable");
  line.on("Network.requestWillBeSent", (event) => {
    addresses[event.requestId] = event.request.url;
    seen.requests.push({ url: event.request.url, method: event.request.method, body: event.request.postData || "" });
  });
  line.on("Network.loadingFinished", (event) => {
    if (!/\.html$/.test(addresses[event.requestId] || "")) seen.bytes += event.encodedDataLength;
  });
  page.on("console", (message) => seen.said.push(message.type() + ": " + message.text()));
  page.on("pageerror", (error) => seen.said.push("error: " + error));
  return { context, page, line, seen };
}

const BUSY = "探しています…";

async function settled(page) {
  await page.waitForFunction(
    (busy) => {
      const said = document.querySelector("#sagasu [role=status]").textContent;
      return said && said !== busy;
    },
    BUSY,
    { timeout: 20000 },
  );
}

function hits(page) {
  return page.evaluate(() => ({
    status: document.querySelector("#sagasu [role=status]").textContent,
    text: document.querySelector("#sagasu .hits").textContent,
    rows: Array.from(document.querySelectorAll("#sagasu li")).map((li) =>
      [li.querySelector("p").textContent].concat(Array.from(li.querySelectorAll("dd")).map((dd) => dd.textContent)),
    ),
  }));
}

const jobs = {
  // Searches, each by a reader who opens the page anew and has nothing of it yet.
  async search(browser, job) {
    const { context, page, line, seen } = await reader(browser, { viewport: { width: 360, height: 640 } });
    await line.send("Network.setCacheDisabled", { cacheDisabled: true });
    if (job.broken) await page.route("**/s/*.json", (route) => route.abort());
    const answers = [];
    for (const text of job.texts) {
      Object.assign(seen, { requests: [], bytes: 0, said: [] });
      await page.goto(job.url);
      await page.fill("#kensaku", text);
      await page.press("#kensaku", "Enter");
      await settled(page);
      const found = Object.assign(await hits(page), { bytes: seen.bytes, again: 0 });
      for (let round = 0; round < (job.rounds || 0) && (await page.$("#sagasu .hits button")); round++) {
        const bytes = seen.bytes;
        await page.click("#sagasu .hits button");
        await settled(page);
        Object.assign(found, await hits(page), { again: Math.max(found.again, seen.bytes - bytes) });
      }
      answers.push(Object.assign(found, { url: page.url(), requests: seen.requests, said: seen.said }));
    }
    await context.close();
    return { answers: answers, said: [].concat(...answers.map((one) => one.said)) };
  },

  // The field and what it brings: sizes, focus, and the judgement of axe.
  async look(browser, job) {
    const { context, page, seen } = await reader(browser, { bypassCSP: true, viewport: { width: job.width, height: 320 } });
    await page.goto(job.url);
    await page.focus("#kensaku");
    await page.keyboard.type(job.text);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await settled(page);
    const found = await page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - window.innerWidth,
      targets: Array.from(document.querySelectorAll("#sagasu input, #sagasu button, #sagasu a")).map((target) => {
        const box = target.getBoundingClientRect();
        return [target.tagName, Math.round(box.width), Math.round(box.height)];
      }),
      label: document.querySelector("label[for=kensaku]").textContent,
      focused: document.activeElement.textContent,
    }));
    if (job.picture) await page.screenshot({ path: job.picture, fullPage: true });
    await page.addScriptTag({ path: asked.tools + "/axe-core/axe.min.js" });
    const judged = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));
    found.violations = judged.violations.map((one) => one.id + ": " + one.nodes.map((node) => node.html).join(" | "));
    await context.close();
    return Object.assign(found, seen);
  },

  // Typing as an input method does: nothing is searched while kana are still being composed.
  async compose(browser, job) {
    const { context, page, line, seen } = await reader(browser, {});
    await page.goto(job.url);
    await page.focus("#kensaku");
    for (let end = 1; end <= job.text.length; end++)
      await line.send("Input.imeSetComposition", { text: job.text.slice(0, end), selectionStart: end, selectionEnd: end });
    await page.waitForTimeout(1500);
    const during = seen.requests.length;
    await line.send("Input.insertText", { text: job.text });
    await settled(page);
    const found = await hits(page);
    await context.close();
    return Object.assign(found, seen, { during: during });
  },

  // A browser of which it is known that scripts end early.
  async mini(browser, job) {
    const { context, page, seen } = await reader(browser, {});
    await page.addInitScript(() => {
      window.operamini = { [Symbol.toStringTag]: "OperaMini" };
    });
    await page.goto(job.url);
    const found = { fields: await page.$$eval("input", (all) => all.length), links: await page.$$eval("main a", (all) => all.length) };
    await context.close();
    return Object.assign(found, seen);
  },

  // From page to page by links, without script, until everybody is found: after how many steps each of them was.
  async links(browser, job) {
    const { context, page, seen } = await reader(browser, { javaScriptEnabled: false });
    await page.goto(job.url);
    const found = { fields: await page.locator("input").count(), steps: {}, pages: 0 };
    const queue = [[job.url, 0]];
    const known = new Set([job.url]);
    const folder = job.url.replace(/[^/]*$/, "");
    let wanted = job.wanted;
    for (const [url, steps] of queue) {
      await page.goto(url, { waitUntil: "commit" });
      const main = page.locator("main");
      const lines = (await main.innerText()).split("\n");
      found.pages += 1;
      wanted = wanted.filter((one) => {
        const there = lines.some((text, i) => one.every((cell) => (text + " " + (lines[i + 1] || "")).includes(cell)));
        if (there) found.steps[one[0]] = steps;
        return !there;
      });
      if (!wanted.length) break;
      for (const [, href] of (await main.innerHTML()).matchAll(/href="([^"]+\.html)"/g)) {
        const to = new URL(href, url).href;
        if (to.startsWith(folder) && !known.has(to)) {
          known.add(to);
          queue.push([to, steps + 1]);
        }
      }
    }
    found.missing = wanted;
    await context.close();
    return Object.assign(found, seen);
  },
};

(async () => {
  const browser = await chromium.launch({ executablePath: asked.chromium, headless: true, args: ARGUMENTS });
  const answers = [];
  try {
    for (const job of asked.jobs) answers.push(await jobs[job.do](browser, job));
  } finally {
    await browser.close();
  }
  process.stdout.write(JSON.stringify(answers));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
