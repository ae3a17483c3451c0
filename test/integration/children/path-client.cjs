// A client at the near end of a narrow path, which reports what it found as one line of JSON.
const { execSync } = require('node:child_process');
const { setImmediate, setTimeout: sleep } = require('node:timers/promises');
const { connect } = require('dtls-association');

const { host, narrowing, earlierSize, messageSize, ...options } = JSON.parse(process.argv[2]);
const MAX_ATTEMPTS = 50;

/** Sends, as often as it is lost, until the answer has so many bytes, or any number. */
async function ask(client, question, size) {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const answered = new Promise((resolve) => {
      client.on('message', function listener(data) {
        if (size !== undefined && data.length !== size) return;
        client.off('message', listener);
        resolve(data.toString());
      });
    });
    client.send(question);
    const answer = await Promise.race([answered, sleep(100, undefined)]);
    if (answer !== undefined) return answer;
  }
  throw new Error(`no answer to ${question.slice(0, 20)}`);
}

/** What a message that is too large meets. */
function refusal(client) {
  try {
    client.send('x'.repeat(client.maxPayload + 1));
  } catch ({ code, maxPayload }) {
    return { code, maxPayload };
  }
}

async function main() {
  const client = await connect({ host, port: 22334, ...options });
  const report = { mtu: client.handshake.mtu, maxPayload: client.maxPayload };
  report.server = JSON.parse(await ask(client, 'tell'));
  if (narrowing !== undefined) {
    const before = client.maxPayload;
    for (const command of narrowing) execSync(command);
    // The first is lost, and its router tells.
    for (let attempt = 0; attempt < MAX_ATTEMPTS && client.maxPayload === before; attempt++) {
      client.send('x'.repeat(client.maxPayload));
      await sleep(20);
    }
    report.maxPayload = client.maxPayload;
    report.fromServer = (await ask(client, `send ${before}`, before)).length;
  }
  report.refusal = refusal(client);
  if (earlierSize !== undefined) {
    client.send('x'.repeat(earlierSize));
    // What is sent in the same turn leaves together with it.
    await setImmediate();
  }
  report.arrived = Number(await ask(client, 'x'.repeat(messageSize ?? client.maxPayload)));
  await client.close();
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

main();
