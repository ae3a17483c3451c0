// Makes what the examples with certificates read, with the `openssl` command: node make-certificates.mjs [DIRECTORY]
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const directory = process.argv[2] ?? 'certificates';

/** An EC key NAME.key and its certificate NAME.crt, valid for 30 days. @param {string[]} args */
function certificate(/** @type {string} */ name, ...args) {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', `${name}.key`];
  const about = ['-x509', '-days', '30', '-subj', `/CN=${name}`, '-out', `${name}.crt`];
  execFileSync('openssl', ['req', ...key, ...about, ...args], { cwd: directory, stdio: 'pipe' });
}

const byCa = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];

mkdirSync(directory, { recursive: true, mode: 0o700 });
certificate('ca', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
certificate('server', ...byCa, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1');
certificate('client', ...byCa, '-addext', 'extendedKeyUsage=clientAuth');
console.log(`made ca, server and client in ${directory}`);
