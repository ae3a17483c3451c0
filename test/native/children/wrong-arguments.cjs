'use strict';

// Calls everything that the addon exports with everything that it does not expect. Whatever is thrown is fine; the
// process must live to print its last line, and a pair must still work afterwards.
const binding = require('./addon.cjs');
const { ODD_VALUES, attempt, callCount } = require('./odd-values.cjs');
const { ADDRESS, CONTEXT_OPTIONS, Pair, SESSION_OPTIONS, createContext, send, takeAll } = require('./pair.cjs');

/** @param {(...values: any[]) => unknown} call */
function attemptWithAll(call) {
  attempt(() => call());
  for (const first of ODD_VALUES) {
    attempt(() => call(first));
    for (const second of ODD_VALUES) attempt(() => call(first, second));
  }
}

/** @param {object} object */
const methodsOf = (object) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== 'constructor');

/** @param {any} object */
function attemptMethods(object) {
  for (const name of methodsOf(object)) {
    if (name === 'destroy') continue;
    attemptWithAll((...values) => object[name](...values));
    for (const self of ODD_VALUES) attempt(() => object[name].call(self, new Uint8Array(32), new Uint8Array(32), 0));
  }
}

/** @type {any} */
const untyped = binding;
for (const name of ['versions', 'hasRawPublicKeys', 'readPkcs12', 'receive', 'write'])
  attemptWithAll((...values) => untyped[name](...values));
for (const name of ['Context', 'TrustStore', 'Session', 'Listener']) {
  attemptWithAll((...values) => new untyped[name](...values));
  attemptWithAll((...values) => untyped[name](...values));
}

const context = createContext();
const greeter = new Pair().client;
greeter.start();
const hello = takeAll(greeter)[0];
for (const value of ODD_VALUES) {
  for (const name of [...Object.keys(CONTEXT_OPTIONS), 'rawPrivateKey', 'pskIdentityHint', 'psk', 'pskTable']) {
    attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, [name]: value }));
  }
  for (const [name, key] of [
    ['eddsaSignatureAlgorithms', 'peerSignatureAlgorithms'],
    ['rawPublicKeys', 'rawPrivateKey'],
  ]) {
    for (const other of ODD_VALUES)
      attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, [name]: value, [key]: other }));
  }
  attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, psk: { identity: value, key: value } }));
  attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, pskTable: [value] }));
  attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, pskTable: [[value, value]] }));
  attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, identities: [value] }));
  attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, identities: [{ certificates: value, key: value }] }));
  attempt(() => new untyped.Context({ ...CONTEXT_OPTIONS, identities: [{ certificates: [value], key: value }] }));
  attempt(() => new untyped.TrustStore([value], []));
  attempt(() => new untyped.TrustStore([], [value]));
  for (const name of Object.keys(SESSION_OPTIONS)) {
    attempt(() => new untyped.Session(context, { ...SESSION_OPTIONS, [name]: value }).start());
    attempt(() => new untyped.Listener(context, { ...SESSION_OPTIONS, [name]: value }).accept(hello, ADDRESS));
  }
  attempt(() => new untyped.Session(context, value).start());
  attempt(() => new untyped.Listener(context, value).accept(new Uint8Array(64), ADDRESS));
}

attemptMethods(context);
const trust = new binding.TrustStore([], []);
attemptMethods(trust);
const beginner = new Pair().client;
const pair = new Pair().handshake();
for (const session of [beginner, pair.client, pair.accepted]) {
  for (const name of ['receive', 'write']) attemptWithAll((...values) => untyped[name](session.handle(), ...values));
  attemptMethods(session);
}
attemptMethods(new Pair().listener);
const objects = [context, trust, pair.client, pair.listener];
for (const object of objects) {
  for (const name of methodsOf(object)) {
    // A method of one class on an object of another.
    for (const self of objects) {
      attempt(() => /** @type {any} */ (object)[name].call(self, new Uint8Array(32), new Uint8Array(32), 0));
    }
  }
}

const fresh = new Pair().handshake();
if (!fresh.established || send(fresh.client, fresh.accepted, 'alive') !== 'alive')
  throw new Error('the addon is spoilt');
console.log(`${callCount()} calls survived`);
