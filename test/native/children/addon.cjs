'use strict';

// The addon as lib/native.ts finds it, for programs that run without TypeScript.
const path = require('node:path');

/** @type {import('../../../binding').Binding} */
const binding =
  process.env.DTLS_ADDON_PATH === undefined
    ? require('bindings')({ bindings: 'dtls', module_root: path.join(__dirname, '..', '..', '..') })
    : require(path.resolve(process.env.DTLS_ADDON_PATH));

module.exports = binding;
