// Obtain, use and refresh a token with the npm package `openid-client`.
//
//   node openid_client.cjs URL ID SECRET form|basic
"use strict";

const { pathToFileURL } = require("url");

const [baseUrl, id, secret, auth] = process.argv.slice(2);
const headers = { "x-reference-id": "0123456789abcdef0123456789abcdef" };

async function main() {
  const client = await import(pathToFileURL(require.resolve("openid-client")).href);
  const method = { form: client.ClientSecretPost, basic: client.ClientSecretBasic }[auth];
  const server = { issuer: baseUrl, token_endpoint: `${baseUrl}/v2.5/oauth/token` };
  const configure = (given) => {
    const config = new client.Configuration(server, id, given, method(given));
    client.allowInsecureRequests(config);
    config[client.customFetch] = (url, options) => {
      return fetch(url, { ...options, headers: { ...options.headers, ...headers } });
    };
    return config;
  };
  const config = configure(secret);
  const called = async (token) => {
    const url = new URL(`${baseUrl}/v2.5/client-id/${id}/i18n`);
    const answer = await client.fetchProtectedResource(config, token, url, "POST");
    return answer.status;
  };
  const error = async (attempt) => {
    try {
      return (await attempt).scope;
    } catch (problem) {
      return problem.error || String(problem.status || problem.message);
    }
  };
  const first = await client.clientCredentialsGrant(config, { scope: "customer" });
  const before = await called(first.access_token);
  const second = await client.refreshTokenGrant(config, first.refresh_token, { scope: "customer" });
  const after = await called(second.access_token);
  const third = await error(client.refreshTokenGrant(config, second.refresh_token));
  const wrong = await error(
    client.clientCredentialsGrant(configure("wrong"), { scope: "customer" }),
  );
  const renewed = first.access_token !== second.access_token;
  console.log(JSON.stringify([first.scope, before, renewed, after, third, wrong]));
}

main();
