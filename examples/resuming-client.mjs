// Keeps its session in a file, and resumes it when it runs again: node resuming-client.mjs [PORT] [DIRECTORY]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'dtls-association';

const [port = '5684', directory = 'certificates'] = process.argv.slice(2);
const file = `${directory}/session`;
const options = { host: 'localhost', port: Number(port), ca: readFileSync(`${directory}/ca.crt`) };

const session = existsSync(file) ? readFileSync(file) : undefined;
const association = await connect({ ...options, session }).catch((error) => {
  // Expired, or made with other options: a full handshake does.
  if (error.code?.startsWith('ERR_DTLS_SESSION_')) return connect(options);
  throw error;
});
const next = association.getSession();
// Whoever has it can read what was sent with it.
if (next !== undefined) writeFileSync(file, next, { mode: 0o600 });

for await (const data of association) {
  console.log(data.toString());
  await association.close();
}
