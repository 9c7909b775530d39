# The Worker of examples/d1_worker_proxy in workerd, with the very D1 binding that Cloudflare gives it, over the engine.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "proxy", worker = .proxy),
    (name = "backend", worker = .backend),
    (name = "files", disk = (path = "set on the command line", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "proxy")],
);

const proxy :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "../../examples/d1_worker_proxy/worker.js")],
  compatibilityDate = "2026-04-01",
  bindings = [
    (name = "DB", wrapped = (
      moduleName = "cloudflare-internal:d1-api",
      innerBindings = [(name = "fetcher", service = "backend")],
    )),
    (name = "DATABASE_NAME", text = "master-clash-checkpoints"),
    (name = "PROXY_TOKEN", fromEnvironment = "PROXY_TOKEN"),
  ],
);

const backend :Workerd.Worker = (
  modules = [(name = "backend.js", esModule = embed "backend.js")],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [(className = "Database", uniqueKey = "database", enableSql = true)],
  durableObjectStorage = (localDisk = "files"),
  bindings = [(name = "databases", durableObjectNamespace = "Database")],
);
