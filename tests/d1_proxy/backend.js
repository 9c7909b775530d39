// What stands behind a Worker's D1 binding: the binding asks it over HTTP, it asks one SQLite Durable Object.
import { DurableObject } from "cloudflare:workers";

const plain = (value) => (value instanceof ArrayBuffer ? Array.from(new Uint8Array(value)) : value);

export class Database extends DurableObject {
  apply(statements) {
    try {
      return this.ctx.storage.transactionSync(() => ({
        results: statements.map(({ sql, params = [] }) => {
          const cursor = this.ctx.storage.sql.exec(sql, ...params);
          const rows = Array.from(cursor.raw(), (row) => row.map(plain));
          const results = { columns: cursor.columnNames, rows };
          return { success: true, results, meta: { size_after: this.ctx.storage.sql.databaseSize, duration: 0 } };
        }),
      }));
    } catch (error) {
      return { refused: String(error?.message ?? error) };
    }
  }
}

export default {
  async fetch(request, env) {
    const body = await request.json();
    const database = env.databases.get(env.databases.idFromName("the one"));
    const { results, refused } = await database.apply(Array.isArray(body) ? body : [body]);
    if (refused !== undefined) return Response.json({ success: false, error: refused }, { status: 500 });
    return Response.json(Array.isArray(body) ? results : results[0]);
  },
};
