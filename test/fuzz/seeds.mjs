// The inputs that a corpus begins with, in the words of the targets.
const word = (value) => [(value >> 8) & 255, value & 255];
const short = (bytes) => [Math.min(bytes.length, 255), ...bytes.subarray(0, 255)];
const long = (bytes) => [...word(bytes.length), ...bytes];

// Steps of support/conversation_steps.cc.
const deliver = [0];
const lose = [2];
const duplicate = [3];
const postpone = [4];
const inject = (datagram) => [6, ...long(datagram)];
const rewrite = (record, at, gone, come) => [7, record, ...word(at), gone, ...short(Buffer.from(come))];
const reseal = (at, gone, come) => [8, ...word(at), gone, ...short(Buffer.from(come))];
const seal = (type, step, plaintext) => [9, type, step & 255, ...long(Buffer.from(plaintext))];
const replay = (which) => [10, which, 0, 0, 0];
const wait = (seconds) => [11, seconds];
const write = (text) => [[12, ...short(Buffer.from(text))], deliver, [13, ...short(Buffer.from(text))]].flat();
const close = (byTarget) => [14, Number(byTarget)];
const loseFromTarget = (count) => [15, count];
const setMtu = (mtu) => [16, mtu / 8];
const deliverMany = (count) => [17, count];

const SCENES = 9;
const WITHOUT_COOKIES = 0x80;
const TRACED = 0x40;
const MANY = 14;

const times = (count, step) => Array.from({ length: count }, () => step).flat();

/** Genuine handshakes and what may befall them. */
function handshakes() {
  const whole = times(MANY, deliver);
  const ways = {
    whole: [...whole, ...write('hello'), ...close(false), ...deliver],
    repeated: [...times(MANY, [...duplicate, ...deliver]), ...write('hello')],
    reordered: [...deliver, ...times(MANY, [...postpone, ...deliver]), ...whole],
    lost: [
      ...deliver,
      ...deliver,
      ...times(3, lose),
      ...wait(200),
      ...whole,
      ...loseFromTarget(3),
      ...whole,
      ...wait(200),
      ...whole,
    ],
    small: [...setMtu(256), ...whole, ...wait(255), ...whole],
    rewritten: [...deliver, ...rewrite(0, 40, 2, 'abcd'), ...whole],
    resealed: [...times(4, deliver), ...times(4, reseal(5, 1, 'x')), ...whole],
    many: [...times(4, [...duplicate, ...deliverMany(255)]), ...whole],
    replayed: [...deliver, ...replay(0), ...deliver, ...replay(1), ...whole, ...replay(2), ...replay(3)],
  };
  const inputs = {};
  for (const [name, steps] of Object.entries(ways)) {
    for (let scene = 0; scene < SCENES; ++scene) {
      inputs[`${name}-${scene}`] = Buffer.from([scene, ...steps]);
      inputs[`${name}-${scene}-traced`] = Buffer.from([scene | TRACED, ...steps]);
      inputs[`${name}-${scene}-without-cookies`] = Buffer.from([scene | WITHOUT_COOKIES, ...steps]);
    }
  }
  return inputs;
}

/** What only a peer can send to an open association. */
function authenticated(recordings) {
  const hello = recordings.find(({ name }) => name === 'ours-psk').datagrams[0].bytes.subarray(13);
  const message = (type, body) => [type, 0, 0, body.length, 0, 7, 0, 0, 0, 0, 0, body.length, ...body];
  const plaintexts = {
    data: [23, 'hello'],
    empty: [23, ''],
    large: [23, 'x'.repeat(600)],
    'close-notify': [21, [1, 0]],
    warning: [21, [1, 90]],
    fatal: [21, [2, 40]],
    'half-alert': [21, [2]],
    'no-renegotiation': [21, [1, 100]],
    'hello-request': [22, message(0, [])],
    renegotiation: [22, hello],
    finished: [22, message(20, Array(12).fill(7))],
    ticket: [22, message(4, [0, 0, 1, 0, 0, 4, 1, 2, 3, 4])],
    'key-update': [22, message(24, [0])],
    fragment: [22, [20, 0, 1, 0, 0, 7, 0, 0, 5, 0, 0, 1, 0]],
    'change-cipher-spec': [20, [1]],
    heartbeat: [24, [1, 0, 16, 7, 7]],
    'connection-id': [25, [1]],
  };
  const inputs = {};
  for (const [name, [type, plaintext]] of Object.entries(plaintexts)) {
    inputs[name] = Buffer.from([0, ...seal(type, 0, plaintext), ...write('hello')]);
    inputs[`${name}-often`] = Buffer.from([0, ...times(7, seal(type, 0, plaintext)), ...write('hello')]);
    inputs[`${name}-late`] = Buffer.from([
      1,
      ...seal(23, 90, 'ahead'),
      ...seal(type, -60, plaintext),
      ...seal(type, -80, plaintext),
    ]);
  }
  for (let scene = 0; scene < SCENES; ++scene) {
    const text = Buffer.from('x'.repeat(255));
    inputs[`many-${scene}`] = Buffer.from([scene, 12, ...short(text), ...deliverMany(90), ...write('hello')]);
    inputs[`talk-${scene}`] = Buffer.from([
      scene,
      ...times(3, write('hello')),
      ...replay(2),
      ...close(true),
      ...write('hello'),
    ]);
  }
  return inputs;
}

/** The client's flights as a server without cookies expects them: the first hello is the only one. */
function withoutCookie(datagrams) {
  return datagrams
    .filter(({ bytes }, i) => i === 0 || !(bytes[0] === 22 && bytes.readUInt16BE(3) === 0 && bytes[13] === 1))
    .map(({ bytes }, i) => (i === 0 ? bytes : renumbered(bytes)));
}

/** Each plaintext handshake message gets the number before its own. */
function renumbered(datagram) {
  const bytes = Buffer.from(datagram);
  for (let at = 0; at + 13 <= bytes.length; at += 13 + bytes.readUInt16BE(at + 11)) {
    if (bytes[at] !== 22 || bytes.readUInt16BE(at + 3) !== 0) continue;
    for (let message = at + 13; message + 12 <= at + 13 + bytes.readUInt16BE(at + 11); ) {
      const number = bytes.readUInt16BE(message + 4);
      bytes.writeUInt16BE(Math.max(number - 1, 0), message + 4);
      message += 12 + bytes.readUIntBE(message + 9, 3);
    }
  }
  return bytes;
}

const bytesOf = (steps) => Buffer.from(steps.flat());

/** Names and inputs of each target, from `{ name, scene, datagrams: [{ from, bytes }] }`. */
export function scripts(recordings) {
  const inputs = {
    acceptor: {},
    address: {},
    client_established: authenticated(recordings),
    client_handshake: handshakes(),
    forged: {},
    records: {},
    server_established: authenticated(recordings),
    server_handshake: handshakes(),
    udp_receive: {},
    udp_send: {},
  };
  for (const { name, scene, datagrams } of recordings) {
    const from = (side) => datagrams.filter((datagram) => datagram.from === side);
    const ciphertexts = datagrams.map(({ bytes }) => bytes).filter((bytes) => bytes.readUInt16BE(3) === 1);
    inputs.client_handshake[name] = bytesOf([[scene], ...from('server').map(({ bytes }) => inject(bytes))]);
    inputs.server_handshake[name] = bytesOf([[scene | WITHOUT_COOKIES], ...withoutCookie(from('client')).map(inject)]);
    inputs.acceptor[name] = bytesOf([[scene], ...from('client').map(({ bytes }) => [3 << 2, ...long(bytes)])]);
    inputs.records[name] = bytesOf([[0, 0], ...datagrams.map(({ bytes }) => [...bytes])]).subarray(0, 2048);
    inputs.forged[name] = bytesOf([[scene << 1], ...ciphertexts.map((bytes) => [255, ...long(bytes)])]);
    inputs.client_established[name] = inputs.server_established[name] = bytesOf([[scene], ...ciphertexts.map(inject)]);
  }
  // Ten datagrams at a time, so that the kernel may merge them; then merged ones.
  const received = Array.from({ length: 10 }, (_, i) => [1, ...word(100), ...word(51 + i), 7, 1]).flat();
  inputs.udp_receive.merged = Buffer.from([0, 255, 255, 0, ...times(3, [255, 0, 255, ...received])]);
  // A hello, and again with its cookie; then the datagrams of the handshake.
  for (let scene = 0; scene < SCENES; ++scene)
    inputs.acceptor[`whole-${scene}`] = Buffer.from([scene, ...times(MANY, [0])]);
  const texts = [
    '127.0.0.1',
    '::1',
    '::ffff:192.0.2.1',
    'fe80::1%eth0',
    'fe80::1%2',
    '2001:db8::%eth0',
    '1.2.3.4.5',
    '[::1]',
  ];
  for (const [i, text] of texts.entries()) inputs.address[i] = Buffer.from([22, 52, i, ...Buffer.from(text)]);
  return inputs;
}
