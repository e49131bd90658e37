// What the lab hands to a client's script, and how the script answers: one line of JSON on stdout.

function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: this script is run by the test real_clients`);
  return value;
}

export const baseUrl = given("GITHUB_API_URL");
export const appId = given("GH_APP_ID");
export const privateKey = given("GH_APP_PRIVATE_KEY");
export const secret = given("GH_WEBHOOK_SECRET");
export const hub = {
  hubUrl: given("HF_ENDPOINT"),
  namespace: given("HF_NAMESPACE"),
  accessToken: given("HF_TOKEN"),
};
export const [owner, repo] = given("REPOSITORY").split("/");

// Ids beyond 2^53 come as BigInt, which JSON can only carry as text.
export function report(seen) {
  console.log(JSON.stringify(seen, (_, value) => (typeof value === "bigint" ? String(value) : value)));
}
