import type { KindName } from './kinds';

// How much the laboratory tries of each kind of handshake. A kind whose flights come to fewer datagrams has fewer cases,
// and the tests say so. In sum they are in docs/testing.md.

export const LOSSES: Readonly<Record<KindName, number>> = {
  'a pre-shared key': 513,
  'a pre-shared key and ECDHE': 513,
  'a pre-shared key, resumed by ticket': 401,
  'a pre-shared key, resumed by session ID': 401,
  "the server's certificate": 1131,
  'certificates of both sides': 1333,
  'certificates of both sides, resumed by session ID': 401,
  'certificates of both sides, resumed by ticket': 401,
};

/** With OpenSSL 3.0; both hellos of 3.5 have three bytes more, each of which is damaged in two ways. */
export const DAMAGES: Readonly<Record<KindName, number>> = {
  'a pre-shared key': 852,
  'a pre-shared key and ECDHE': 1020,
  'a pre-shared key, resumed by ticket': 684,
  'a pre-shared key, resumed by session ID': 676,
  "the server's certificate": 1348,
  'certificates of both sides': 1688,
  'certificates of both sides, resumed by session ID': 908,
  'certificates of both sides, resumed by ticket': 916,
};
