# workerd serving Cloudflare's D1 API on a port of this machine: the engine that D1 itself runs on.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "api", worker = .api),
    (name = "files", disk = (path = "set on the command line", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "api")],
);

const api :Workerd.Worker = (
  modules = [(name = "api.js", esModule = embed "api.js")],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [
    (className = "Account", uniqueKey = "account", enableSql = true),
    (className = "Database", uniqueKey = "database", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "files"),
  bindings = [
    (name = "accounts", durableObjectNamespace = "Account"),
    (name = "databases", durableObjectNamespace = "Database"),
    (name = "token", fromEnvironment = "D1_ENGINE_TOKEN"),
  ],
);
