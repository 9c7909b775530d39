// The emulator of vendors, with two things beside it that vendors have and it has not: a store of files that answers
// name, and faults of the way there. Usage: node emulator.mjs <folder of @copilotkit/aimock> <folder of files>
//
//   POST /__emulator/fixtures  [{match, response, ...}]   answers, as aimock knows them; the newest go first
//   POST /__emulator/faults    [{method, path, action, times, status, headers, body, ms}]
//   POST /__emulator/peace     no faults any more
//   POST /__emulator/reset
//   GET  /__emulator/fetched   names of the files that were fetched, in order
//   GET  /__emulator/seeds     the seed of every request of JSON to a vendor, in order; null for none
//   GET  /files/NAME           a file of the folder; /files/to?URL redirects there
//
// A seed is refused as fal and OpenAI refuse an argument that a model has not; those that have one are listed below.
//
// Faults are tried in order, each `times` times. Actions: "answer" (in place of the emulator), "drop" (close without an
// answer), "work" (let the emulator do the work, then close without its answer), "wait" (ms, then go on).
import { createServer } from "node:http";
import { Readable } from "node:stream";
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
let seeds = [];
// As their pages on fal.ai say in November 2026.
const seeded = new Set(
  [
    ...["nano-banana-2", "nano-banana-2/edit", "flux-2/turbo", "flux-2/turbo/edit"].map((model) => `fal-ai/${model}`),
    ...["text-to-image", "edit"].flatMap((end) => [`fal-ai/bytedance/seedream/v4/${end}`, `fal-ai/qwen-image-2/${end}`]),
    ...["bytedance/seedance-2.0/image-to-video", "fal-ai/wan/v2.7/image-to-video"],
  ].map((model) => `/fal/${model}`),
);

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
    seeds = [];
    emulator.clearFixtures();
    emulator.reset();
  } else if (what === "fetched") return say(response, fetched);
  else if (what === "seeds") return say(response, seeds);
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

// A request of JSON that has been read, to be read once more.
function again(request, body) {
  const { method, url, headers, rawHeaders, httpVersion, socket } = request;
  return Object.assign(Readable.from([body]), { method, url, headers, rawHeaders, httpVersion, socket, complete: true });
}

// The request for the vendors; null where it was refused.
async function admitted(request, response, url) {
  const json = request.headers["content-type"]?.startsWith("application/json");
  if (request.method !== "POST" || !json) return request;
  let body, sent;
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    body = Buffer.concat(chunks);
    sent = JSON.parse(body.toString());
  } catch {
    return body ? again(request, body) : null; // no JSON: aimock says so; no body: who asked has gone
  }
  seeds.push(sent.seed ?? null);
  if (!("seed" in sent) || seeded.has(url.pathname)) return again(request, body);
  const fal = { detail: [{ loc: ["body", "seed"], msg: "Extra inputs are not permitted", type: "extra_forbidden" }] };
  const openai = { error: { message: "Unknown parameter: 'seed'.", type: "invalid_request_error", param: "seed" } };
  const of_fal = url.pathname.startsWith("/fal/");
  response.writeHead(of_fal ? 422 : 400, { "content-type": "application/json" });
  response.end(JSON.stringify(of_fal ? fal : openai));
  return null;
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
  const asked = await admitted(request, response, url);
  if (asked) vendors.emit("request", asked, response);
}).listen(0, "127.0.0.1", function () {
  console.log(this.address().port);
});
process.stdin.resume().on("end", () => process.exit(0)); // ends with who started it, however that ends
