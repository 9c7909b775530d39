// Cloudflare's D1 REST API for one database, served by a Worker of your own: the REST API's limit of 1,200 requests
// in 5 minutes does not apply to it. Only CLOUDFLARE_API_BASE_URL and CLOUDFLARE_API_TOKEN change; see wrangler.toml.
const answer = (status, fields) =>
  Response.json({ result: null, success: status === 200, errors: [], messages: [], ...fields }, { status });
const refuse = (status, code, message) => answer(status, { errors: [{ code, message }] });

// What SQLite itself refused was not applied. Of anything else nobody knows, and clash finds out.
const REFUSED_BY_SQLITE = /SQLITE_(CONSTRAINT|ERROR|TOOBIG|AUTH|MISMATCH|RANGE)/;

const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
const same = async (one, other) => crypto.subtle.timingSafeEqual(await digest(one), await digest(other));

// Rows come from the binding as objects; the REST API has the columns' names once and the rows as lists.
const raw = ({ results = [], success, meta }) => {
  const columns = results.length ? Object.keys(results[0]) : [];
  return { results: { columns, rows: results.map((row) => columns.map((column) => row[column])) }, success, meta };
};

export default {
  async fetch(request, env) {
    if (!env.PROXY_TOKEN || !(await same(request.headers.get("authorization") ?? "", `Bearer ${env.PROXY_TOKEN}`))) {
      return refuse(401, 10000, "Authentication error");
    }
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.match(/\/d1\/database(?:\/([^/]+)\/raw)?$/);
    if (path === null) return refuse(404, 7003, "Only the databases' names and /raw are served here");
    if (request.method === "GET" && path[1] === undefined) {
      const asked = searchParams.get("name") === env.DATABASE_NAME && (searchParams.get("page") ?? "1") === "1";
      return answer(200, { result: asked ? [{ uuid: env.DATABASE_NAME, name: env.DATABASE_NAME }] : [] });
    }
    if (request.method !== "POST") return refuse(405, 7001, "Method not allowed");
    if (path[1] !== env.DATABASE_NAME) return refuse(404, 7404, `This proxy serves ${env.DATABASE_NAME} only`);
    try {
      const { batch } = await request.json();
      const statements = batch.map(({ sql, params = [] }) => env.DB.prepare(sql).bind(...params));
      return answer(200, { result: (await env.DB.batch(statements)).map(raw) });
    } catch (error) {
      return refuse(REFUSED_BY_SQLITE.test(error.message) ? 400 : 500, 7500, error.message);
    }
  },
};
