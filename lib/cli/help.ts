const KEYS = `
Keys and passphrases:
  Every user of this machine can see what is given with --psk or --pass (in ps).
  Give it with --psk-file or --pass-file, or in the environment variable
  DTLS_PSK or DTLS_PASS. Pre-shared keys are in hex. Without any of these, and
  with no flag for certificates, the key is that of Qt's examples,
  1a2b3c4d5e6f: it is public, and protects nothing.
`;

const VERIFYING = `
With a flag for certificates:
  The server has to show a certificate that is in order, and for its name; one
  that Node.js trusts needs no flag but --servername. --insecure shows the
  fingerprint of another, for --fingerprint from then on. No pre-shared key is
  used unless --psk or --psk-file is given, too; then the server may choose.
`;

const SERVING = `
With a flag for certificates:
  The server takes part with --cert. --request-cert lets in only clients whose
  certificate is in order, --fingerprint only those it names (one of several),
  and --request-cert --insecure those with any certificate, or none. No
  pre-shared key is used unless --psk or --psk-file is given, too.
`;

const SAFE_TEXT = `
What a peer sends is escaped before it is printed: control characters as \\n or
\\x1b, invisible ones as \\u{202e}, bytes that are not UTF-8 as \\xff, and in
messages a backslash as \\\\.
`;

const NOTICES = `
  info, warning, error   message; errors: code (ERR_DTLS_...)`;
const LISTENING = `
  listening              address, port`;
const CONNECTED = `
  connected              address, port, protocol, cipher, identity, authorized,
                         resumed, handshakeMs, retransmits; where there are
                         any: certificate (subject, issuer, fingerprint),
                         authorizationError, servername, alpn, srtp`;
const RECEIVED = `bytes (hex), text (escaped), datagram (hex, as it came)`;
const CLOSED = `
  closed                 reason (local, peer, error, idle or replaced), stats;
                         after an error: code, message`;

function exitCodes(success: string): string {
  return `
Exit code:
  0  ${success}
  1  the job was not done
  2  wrong usage, or a file that cannot be used
`;
}

function jsonEvents(...events: string[]): string {
  return `
With --json, standard output is one JSON object a line, and nothing else. Each
has "time" (ISO 8601), "role" ("client", "server" or "demo"), "event", and
"association" (its name) where it concerns one. The events and what they add:${events.join('')}
`;
}

export const PROGRAM_HELP = `
Examples:
  dtls demo                          see a server and three clients at work
  dtls server                        listen on 127.0.0.1 port 22334
  dtls client 127.0.0.1 22334        connect to it, ping it, send it lines
  echo hi | dtls client host 22334   send one message, show the answer, end
  dtls bench 127.0.0.1 22334         measure an echo server for 10 seconds

"dtls help client" and the like tell more. NO_COLOR and FORCE_COLOR are obeyed.
${exitCodes('the job was done')}`;

export const CLIENT_DESCRIPTION =
  "Twin of Qt's DTLS client example: opens associations, pings each at once and every 5 seconds, and prints what " +
  'comes back, until Ctrl-C, which sends close_notify to each.';

export const CLIENT_HELP = `
Standard input:
  Each line goes to every open association as one message, without its line
  end; empty lines are skipped. The end of input (Ctrl-D, the end of a pipe)
  ends the program when every message sent has its answer, or when none came
  for 2 seconds. Input that is empty from the start, as that of a background
  job, does not end it; with --duration, no end of input does.
${KEYS}${VERIFYING}
Examples:
  dtls client 127.0.0.1 22334 --count 3 --name Bob
  echo hello | dtls client 127.0.0.1 22334 --quiet --no-ping
  dtls client device.local 5684 --psk-identity meter-7 --psk-file key.hex
  dtls client device.local 5684 --ca ca.pem --cert me.pem --key me.key
${exitCodes('every association was connected, and none failed (a close by the\n     server is no failure)')}${SAFE_TEXT}${jsonEvents(
  NOTICES,
  '\n  lookup                 address (of the host; it is tried now)',
  CONNECTED,
  `\n  response               ${RECEIVED}`,
  CLOSED,
)}`;

export const SERVER_DESCRIPTION =
  'Twin of Qt\'s DTLS server example: prints every message and answers "to (address:port): ACK", until Ctrl-C, which ' +
  'sends close_notify to every client. Accepts any identity that has the key.';

export const SERVER_HELP = `${KEYS}${SERVING}
Examples:
  dtls server --echo
  dtls server --port 0 --duration 60 --json
  dtls server --address 0.0.0.0 --psk-identity meter-7 --psk-file key.hex
  dtls server --cert server.pem --key server.key --request-cert --ca ca.pem
${exitCodes('it served until its end')}${SAFE_TEXT}${jsonEvents(
  NOTICES,
  LISTENING,
  CONNECTED,
  `\n  message                ${RECEIVED}`,
  CLOSED,
)}`;

export const DEMO_DESCRIPTION =
  'A server and three associations to it in one process, over loopback: handshakes, pings and answers, a lost ' +
  'datagram that is sent again, close_notify, and a summary. Takes about a second, and never more than 10.';

export const DEMO_HELP = `
Datagrams 1 to 3 of Carol belong to her handshake, which repeats them. Datagram
4 is her ping: DTLS does not repeat messages, so the demo fails then.
${exitCodes('all of it happened')}${jsonEvents(
  NOTICES,
  LISTENING,
  CONNECTED,
  `\n  message, response      ${RECEIVED}`,
  CLOSED,
  '\n  summary                ok, durationMs, missing, associations',
)}`;

export const BENCH_DESCRIPTION =
  'Loads a DTLS server that you run: opens associations, then sends messages over them as fast as the answers come, ' +
  'or at a rate, and tells handshakes and messages per second, latency and loss.';

export const BENCH_HELP = `
Pace:
  Without --rate, each association keeps --window messages in flight: the next
  one leaves when an answer comes. With --rate, messages leave when they are
  due, whether the server keeps up or not, in turn on all associations, and
  latency counts from the time at which a message was due. --one-way without
  --rate sends as fast as the system takes messages.

Answers:
  A server is expected to send each message back as it is (dtls server --echo).
  One that answers in its own words, as Qt's example does, needs --any-reply:
  an answer then belongs to the message of its association that waits longest.
  Messages without an answer within --answer-timeout count as lost. Messages of
  DTLS are never sent again; retransmits are those of the handshakes.

Ctrl-C ends the run early, with the report; once more, at once.
${KEYS}${VERIFYING}
Examples:
  dtls bench 127.0.0.1 22334 --associations 100 --window 4
  dtls bench 127.0.0.1 22334 --rate 5000 --duration 60 --html report.html
  dtls bench device.local 5684 --any-reply --psk-identity meter-7 --psk-file k
${exitCodes('an association was opened, and answers came if any were expected')}
With --json, standard output is one JSON object a line, and nothing else. Each
has "time" (ISO 8601), "role" ("bench") and "event". Times end in Ms:
  start                  what the run is going to do
  progress               each second; phase: handshakes or messages
  handshakes             the result of the handshakes
  report                 ok, plan, protocol, cipher, handshakes, messages, notes
`;
