// Obtain, use and refresh a token with the npm package `simple-oauth2`.
//
//   node simple_oauth2.cjs URL ID SECRET form|basic
"use strict";

const { ClientCredentials } = require("simple-oauth2");

const [baseUrl, id, secret, auth] = process.argv.slice(2);
const headers = { "x-reference-id": "0123456789abcdef0123456789abcdef" };

function configure(given) {
  const { origin, pathname } = new URL(baseUrl);
  return new ClientCredentials({
    client: { id, secret: given },
    auth: { tokenHost: origin, tokenPath: `${pathname}/v2.5/oauth/token` },
    options: { authorizationMethod: { form: "body", basic: "header" }[auth] },
    http: { headers },
  });
}

async function called({ token }) {
  const authorization = `Bearer ${token.access_token}`; // the package makes no calls itself
  const url = `${baseUrl}/v2.5/client-id/${id}/i18n`;
  const answer = await fetch(url, { method: "POST", headers: { ...headers, authorization } });
  return answer.status;
}

async function error(attempt) {
  try {
    return (await attempt).token.scope;
  } catch (problem) {
    return problem.data.payload.error;
  }
}

async function main() {
  const first = await configure(secret).getToken({ scope: "customer" });
  const before = await called(first);
  const second = await first.refresh({ scope: "customer" });
  const after = await called(second);
  const third = await error(second.refresh());
  const wrong = await error(configure("wrong").getToken({ scope: "customer" }));
  const renewed = first.token.access_token !== second.token.access_token;
  console.log(JSON.stringify([first.token.scope, before, renewed, after, third, wrong]));
}

main();
