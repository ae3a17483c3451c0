const refused = (...alerts: string[]): string[] => alerts.map((alert) => `refused: ${alert}`);

/** As if it had been lost, or nothing depends on it. */
const OPENS = ['opens'];
/** The message is not what its lengths say. */
const MALFORMED = refused('decode_error', 'illegal_parameter');
/**
 * Each side has read something else. Somebody signs what he read, or digests it: decrypt_error. Else the keys differ
 * and no Finished authenticates, which is dropped without a word (RFC 6347 section 4.1.2.7): with a pre-shared key we
 * call that a wrong one (bad_record_mac), with a certificate or a resumed session nobody can tell it from silence.
 */
const DIFFERENT = [...refused('decrypt_error', 'bad_record_mac'), 'times out'];
/**
 * OpenSSL counts records in clear as it does others, though anybody can forge them: a number that is too high makes all
 * that follow look replayed, until the change of cipher.
 */
const NUMBERED = [...OPENS, 'times out', 'looks like a wrong key'];

/** What a damaged byte may lead to. The first pattern that fits the place counts. */
const TABLE: ReadonlyArray<readonly [place: RegExp, verdicts: readonly string[]]> = [
  // The first hello leaves no trace but its number, with which the server's begin; a cookie is made for the address
  // only.
  [/^ClientHello record . sequence/, [...OPENS, 'times out']],
  [/^ClientHello( record| header)? \/ /, OPENS],

  // No record of the handshake any more: as if lost.
  [/ record \/ (version|epoch)$/, OPENS],
  [/^(ChangeCipherSpec|Finished) record \/ (length|sequence)$/, OPENS],
  [/^ClientHello with cookie record \/ length$/, OPENS],
  // OpenSSL 3.0 does not count the hello that proves the address, 3.2 and later do.
  [/^ClientHello with cookie record \/ sequence$/, [...NUMBERED, 'opens for the client alone']],
  // Of two, which differ in a bit, the one is taken for the other.
  [/^ChangeCipherSpec record \/ type$/, [...OPENS, ...refused('unexpected_message')]],
  [/ record \/ type$/, OPENS],
  // A shorter record holds part of its message, and what follows is no record.
  [/ record \/ length$/, [...OPENS, ...refused('illegal_parameter', 'unexpected_message')]],
  [/ record \/ sequence$/, NUMBERED],
  [/^ChangeCipherSpec$/, refused('unexpected_message')],
  // Does not authenticate: dropped, and sent again.
  [/^Finished \/ /, OPENS],

  // A server looks at nothing but a whole hello; what passes for one leads to a second hello.
  [/^ClientHello with cookie header \/ length$/, [...OPENS, 'opens at the second hello']],
  [/^ClientHello with cookie header \/ /, OPENS],
  // A ServerHello is taken for a HelloVerifyRequest, and the other way round: they differ in a bit.
  [/^HelloVerifyRequest header \/ type$/, refused('unexpected_message', 'decode_error')],
  [/^ServerHello header \/ type$/, [...refused('unexpected_message', 'decode_error'), 'times out']],
  // Of a later fragment: dropped as that of another message.
  [/ header \/ type$/, [...OPENS, ...refused('unexpected_message')]],
  // A wrong length that is too long is refused at once, another one waits for the rest. A client whose keys are in use
  // already, at NewSessionTicket, has no alert in clear any more.
  [/^(HelloVerifyRequest|NewSessionTicket) header \/ length$/, [...OPENS, 'refused', ...refused('illegal_parameter')]],
  [/ header \/ length$/, [...OPENS, ...refused('illegal_parameter')]],
  [/ header \/ fragment_length$/, refused('illegal_parameter', 'unexpected_message')],
  // Inside the message it overwrites another part.
  [/^Certificate header \/ fragment_offset$/, [...OPENS, ...refused('illegal_parameter', 'bad_certificate')]],
  [/ header \/ fragment_offset$/, [...OPENS, ...refused('illegal_parameter')]],
  // A message that is early waits for its turn, and is the wrong one then. A resumed session's HelloVerifyRequest with
  // the number of the ServerHello leads to a third hello.
  [/^HelloVerifyRequest header \/ message_seq$/, [...OPENS, ...refused('unexpected_message'), 'times out']],
  [/ header \/ message_seq$/, [...OPENS, ...refused('unexpected_message', 'illegal_parameter')]],

  // The version says nothing (RFC 6347 section 4.2.1). A cookie that the server does not know: it answers with another
  // one, but OpenSSL's client takes only one HelloVerifyRequest.
  [/^HelloVerifyRequest \/ version$/, OPENS],
  [/^HelloVerifyRequest \/ cookie length$/, refused('decode_error')],
  [/^HelloVerifyRequest \/ cookie$/, ['times out']],

  // The server asks for another cookie, in vain; the client's repeated hello has the right one.
  [/^ClientHello with cookie \/ (cookie|cookie length|session_id length)$/, OPENS],
  [/^ClientHello with cookie \/ version$/, [...DIFFERENT, ...refused('protocol_version')]],
  [/^ClientHello with cookie \/ (random|session_id|session_ticket)$/, DIFFERENT],
  [/^ClientHello with cookie \/ cipher_suites$/, [...DIFFERENT, ...refused('handshake_failure', 'illegal_parameter')]],
  [/^ClientHello with cookie \/ .* length$/, refused('decode_error')],
  [/^ClientHello with cookie \/ compression_methods$/, MALFORMED],
  // An extension that is not known is passed over; one that is known for another is malformed, or there twice.
  [/^ClientHello with cookie \/ .* type$/, [...DIFFERENT, ...MALFORMED, ...refused('handshake_failure')]],
  [/^ClientHello with cookie \/ /, [...DIFFERENT, ...refused('decode_error', 'handshake_failure')]],

  [/^ServerHello \/ version$/, refused('protocol_version')],
  [/^ServerHello \/ (random|session_id)$/, DIFFERENT],
  [/^ServerHello \/ (cipher_suite|compression_method)$/, refused('illegal_parameter')],
  [/^ServerHello \/ .* length$/, MALFORMED],
  [/^ServerHello \/ .* type$/, [...DIFFERENT, ...refused('unsupported_extension', 'handshake_failure')]],
  [/^ServerHello \/ renegotiation_info$/, refused('decode_error')],
  [/^ServerHello \/ /, [...DIFFERENT, ...MALFORMED]],

  [/^Certificate \/ list length$/, refused('decode_error')],
  [/^Certificate \/ certificate length$/, refused('decode_error', 'bad_certificate')],
  [/^Certificate \/ certificate$/, refused('decode_error', 'bad_certificate', 'unknown_ca', 'decrypt_error')],
  [/^CertificateRequest \/ signature_algorithms length$/, refused('decode_error', 'internal_error')],
  [/^CertificateRequest \/ .* length$/, refused('decode_error')],
  // A client without an algorithm to sign with has no certificate.
  [/^CertificateRequest \/ /, refused('decode_error', 'decrypt_error', 'handshake_failure')],
  [/^(Certificate|ServerKeyEx).* \/ algorithm$/, refused('illegal_parameter', 'decrypt_error')],
  [/^(ServerKeyExchange|CertificateVerify) \/ signature$/, refused('decrypt_error')],
  [/^ServerKeyExchange \/ (curve_type|named_curve)$/, refused('illegal_parameter')],
  [/^(Server|Client)KeyExchange \/ (hint|point)$/, DIFFERENT],
  [/^ClientKeyExchange \/ identity length$/, refused('decode_error', 'unknown_psk_identity')],
  [/^ClientKeyExchange \/ identity$/, refused('unknown_psk_identity')],
  [/^NewSessionTicket \/ (lifetime|ticket)$/, refused('decrypt_error')],
  [/^(ServerKeyExchange|ClientKeyExchange|CertificateVerify|NewSessionTicket) \/ .* length$/, MALFORMED],
];

/** Its verdicts, as in verdict.ts. */
export function permitted(place: string): readonly string[] {
  return TABLE.find(([pattern]) => pattern.test(place))?.[1] ?? [];
}
