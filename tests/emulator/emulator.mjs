// The emulator of vendors, with two things beside it that vendors have and it has not: a store of files that answers
// name, and faults of the way there. Usage: node emulator.mjs <folder of @copilotkit/aimock> <folder of files>
//
//   POST /__emulator/fixtures  [{match, response, ...}]   answers, as aimock knows them; the newest go first
//   POST /__emulator/faults    [{method, path, action, times, status, headers, body, ms}]
//   POST /__emulator/peace     no faults any more
//   POST /__emulator/reset
//   GET  /__emulator/fetched   names of the files that were fetched, in order
//   GET  /files/NAME           a file of the folder; /files/to?URL redirects there
//
// Faults are tried in order, each `times` times. Actions: "answer" (in place of the emulator), "drop" (close without an
// answer), "work" (let the emulator do the work, then close without its answer), "wait" (ms, then go on).
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, filesFolder] = process.argv.slice(2);
const { LLMock } = await import(pathToFileURL(join(packageFolder, "dist", "index.js")).href);

const emulator = new LLMock({ port: 0, logLevel: "silent", journalMaxEntries: 0 });
await emulator.start();
const vendors = emulator.serverInstance.server;
let faults = [];
let fetched = [];

const jsonOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || "null");
};
const say = (response, value) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
};

async function control(request, response, what) {
  if (what === "fixtures") for (const fixture of (await jsonOf(request)).reverse()) emulator.prependFixture(fixture);
  else if (what === "faults") faults.push(...(await jsonOf(request)));
  else if (what === "peace") faults = [];
  else if (what === "reset") {
    faults = [];
    fetched = [];
    emulator.clearFixtures();
    emulator.reset();
  } else if (what === "fetched") return say(response, fetched);
  say(response, {});
}

async function file(response, url) {
  if (url.pathname === "/files/to") {
    response.writeHead(302, { location: decodeURIComponent(url.search.slice(1)) });
    return response.end();
  }
  const name = basename(url.pathname);
  fetched.push(name);
  try {
    const content = await readFile(join(filesFolder, name));
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": content.length });
    response.end(content);
  } catch {
    response.writeHead(404);
    response.end();
  }
}

function next(method, path) {
  const fault = faults.find((one) => one.times > 0 && (one.method ?? method) === method && new RegExp(one.path).test(path));
  if (fault) fault.times -= 1;
  return fault;
}

createServer(async (request, response) => {
  const url = new URL(request.url, "http://emulator");
  if (url.pathname.startsWith("/__emulator/")) return control(request, response, url.pathname.slice(12));
  const fault = next(request.method, url.pathname);
  if (fault?.action === "wait") await new Promise((go) => setTimeout(go, fault.ms));
  if (request.socket.destroyed) return; // who asked has gone
  if (fault?.action === "drop") return request.socket.destroy();
  if (fault?.action === "answer") {
    for await (const _ of request); // the vendor has read all of it before it says no
    response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
    return response.end(typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body ?? {}));
  }
  if (url.pathname.startsWith("/files/")) return file(response, url);
  if (fault?.action === "work") {
    response.writeHead = () => response;
    response.write = () => true;
    response.end = () => request.socket.destroy();
  }
  vendors.emit("request", request, response);
}).listen(0, "127.0.0.1", function () {
  console.log(this.address().port);
});
process.stdin.resume().on("end", () => process.exit(0)); // ends with who started it, however that ends
