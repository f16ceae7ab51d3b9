// A token server and one resource, by the npm package `oauth2-server` or its successor.
//
//   node oauth2_server.cjs PACKAGE SECONDS CLIENTS
//
// CLIENTS is a JSON object of secrets by client id. Prints its port. Below /control: `counts` (requests by grant), `revoke` (every access token),
// `forget` (every refresh token), `break` and `mend` (its database).
"use strict";

const crypto = require("crypto");
const http = require("http");

const [name, seconds, clients] = process.argv.slice(2);
const secrets = JSON.parse(clients);
const OAuth2Server = require(name);
const access = new Map();
const refresh = new Map();
const counts = { client_credentials: 0, refresh_token: 0, rejected: 0 };
let broken = false;

const scopes = (scope) => (Array.isArray(scope) ? scope : (scope || "").split(" "));

const model = {
  async getClient(id, secret) {
    if (broken) throw new Error("the database is down");
    if (!(id in secrets) || (secret !== null && secret !== secrets[id])) return false;
    return { id, grants: ["client_credentials", "refresh_token"] };
  },
  async getUserFromClient(client) {
    return { id: client.id };
  },
  async validateScope(user, client, scope) {
    return scopes(scope).every((one) => ["customer", "merchant"].includes(one)) ? scope : false;
  },
  async saveToken(token, client, user) {
    // The package itself grants none to client_credentials; Flexiti does.
    const refreshToken = token.refreshToken || crypto.randomBytes(20).toString("hex");
    const saved = { ...token, refreshToken, client, user };
    access.set(token.accessToken, saved);
    refresh.set(refreshToken, saved);
    return saved;
  },
  async getAccessToken(text) {
    return access.get(text);
  },
  async getRefreshToken(text) {
    return refresh.get(text);
  },
  async revokeToken(token) {
    return refresh.delete(token.refreshToken);
  },
  async verifyScope(token, scope) {
    return scopes(scope).every((one) => scopes(token.scope).includes(one));
  },
};
// A refresh does not end the previous access token here; Flexiti's may, and the client allows both.
const oauth = new OAuth2Server({
  model,
  accessTokenLifetime: Number(seconds),
  refreshTokenLifetime: Number(seconds),
});

const control = {
  counts: () => {},
  revoke: () => access.clear(),
  forget: () => refresh.clear(),
  break: () => (broken = true),
  mend: () => (broken = false),
};

async function handle(request, body) {
  const path = request.url.split("?")[0];
  const command = path.split("/control/")[1];
  if (command) {
    control[command]();
    return [200, {}, counts];
  }
  const form = Object.fromEntries(new URLSearchParams(body));
  const given = new OAuth2Server.Request({
    headers: request.headers,
    method: request.method,
    query: {},
    body: form,
  });
  const answer = new OAuth2Server.Response({ headers: {} });
  try {
    if (path.endsWith("/oauth/token")) {
      if (form.grant_type in counts) counts[form.grant_type] += 1;
      await oauth.token(given, answer);
      return [answer.status, answer.headers, answer.body];
    }
    await oauth.authenticate(given, answer);
    return [200, answer.headers, {}];
  } catch (error) {
    if (!path.endsWith("/oauth/token")) counts.rejected += 1;
    const said = { error: error.name, error_description: error.message };
    return [error.code || 500, answer.headers, said];
  }
}

http
  .createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", async () => {
      const [status, headers, answer] = await handle(request, body);
      response.writeHead(status, { ...headers, "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    });
  })
  .listen(0, "127.0.0.1", function () {
    console.log(this.address().port);
  });
