// Builds or installs what the library is compared with, and finds out what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, runNpm, runQuietly } from '../../scripts/lib/run.mjs';
import { findCommand } from '../../scripts/lib/toolchain.mjs';
import { npmPackages, peersBuild, peersSource, qtBuild, sharedPeers } from './paths.mjs';

const NPM_VERSIONS = { 'node-dtls-client': '2.0.3', 'werift-dtls': '0.5.8' };

function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function buildC() {
  for (const tool of ['cmake', 'cc', 'make']) {
    if (findCommand(tool) === undefined) throw new Failure(`${tool} is not installed (Debian: cmake gcc make)`);
  }
  if (!existsSync('/usr/include/openssl/ssl.h') && output('pkg-config', ['--exists', 'libssl']) === undefined) {
    throw new Failure("OpenSSL's headers are not installed (Debian: libssl-dev)");
  }
  runQuietly('cmake', ['-S', peersSource, '-B', peersBuild, '-DCMAKE_BUILD_TYPE=Release']);
  runQuietly('cmake', ['--build', peersBuild, '--parallel']);
  return output('openssl', ['version']);
}

function buildQt() {
  const scripts = join(sharedPeers, 'qt');
  if (!existsSync(scripts)) {
    throw new Failure(`there is no ${scripts} (DTLS_PEERS_DIR names another folder of peers)`);
  }
  const env = { ...process.env, BUILD: qtBuild };
  runQuietly('bash', ['-c', '. "$0/lib.sh" && build "$0/bench"', scripts], { env });
  return `Qt ${output('pkg-config', ['--modversion', 'Qt5Network'])}`;
}

function findGnutls() {
  if (!existsSync(join(peersBuild, 'gnutls-client'))) throw new Failure('it was not built (Debian: libgnutls28-dev)');
  return `GnuTLS ${output('pkg-config', ['--modversion', 'gnutls'])}`;
}

function installPackage(name) {
  const version = NPM_VERSIONS[name];
  const manifest = join(npmPackages, 'node_modules', name, 'package.json');
  const isInstalled = () => existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  if (!isInstalled()) {
    mkdirSync(npmPackages, { recursive: true });
    // All of them at once: npm removes what it is not asked for.
    const all = Object.entries(NPM_VERSIONS).map(([each, itsVersion]) => `${each}@${itsVersion}`);
    runNpm(['install', `--prefix=${npmPackages}`, '--ignore-scripts', '--omit=optional', '--no-audit', ...all]);
  }
  return version;
}

function findOpenssl() {
  const version = output('openssl', ['version']);
  if (version === undefined) throw new Failure('the program openssl is not installed');
  return version;
}

/** In an order in which each finds what it needs. */
const peers = {
  c: { title: 'plain C', prepare: buildC },
  gnutls: { title: 'GnuTLS', prepare: findGnutls },
  qt: { title: 'Qt', prepare: buildQt },
  'node-dtls-client': { title: 'node-dtls-client', prepare: () => installPackage('node-dtls-client') },
  'werift-dtls': { title: 'werift-dtls', prepare: () => installPackage('werift-dtls') },
  openssl: { title: 'openssl speed', prepare: findOpenssl },
};

/** Prepares those named. Gives of each `{ id, title, version }`, or `reason` instead of a version. */
export function preparePeers(ids, onStart) {
  // The GnuTLS client comes out of the same build.
  const wanted = ids.has('gnutls') ? new Set([...ids, 'c']) : ids;
  return Object.entries(peers)
    .filter(([id]) => wanted.has(id))
    .map(([id, { title, prepare }]) => {
      onStart(title);
      try {
        return { id, title, version: prepare() };
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return { id, title, reason: error.message };
      }
    });
}
