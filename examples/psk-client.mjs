import { connect } from 'dtls-association';

const association = await connect({
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? 5684),
  psk: { identity: 'alice', key: Buffer.from('00112233445566778899aabbccddeeff', 'hex') },
});
association.send('hello');
for await (const data of association) {
  console.log(data.toString());
  await association.close();
}
