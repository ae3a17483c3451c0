import { readFileSync } from 'node:fs';
import { connect } from 'dtls-association';

const [port = '5684', directory = 'certificates'] = process.argv.slice(2);

const association = await connect({
  host: 'localhost',
  port: Number(port),
  ca: readFileSync(`${directory}/ca.crt`),
  cert: readFileSync(`${directory}/client.crt`),
  key: readFileSync(`${directory}/client.key`),
});
association.send('hello');
for await (const data of association) {
  console.log(data.toString());
  await association.close();
}
