import type { DtlsErrorCode } from '../errors';

/** Why a certificate was not accepted. */
export interface VerifyError {
  /** As in `authorizationError` of node:tls; where Node says UNSPECIFIED, OpenSSL's name without X509_V_ERR_. */
  name: string;
  code: DtlsErrorCode;
}

/** X509_V_ERR_* of OpenSSL 3.x (x509_vfy.h), from number 1 on. */
const NAMES: readonly string[] = [
  'UNSPECIFIED',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'OUT_OF_MEM',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'NO_ISSUER_PUBLIC_KEY',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'SUBJECT_ISSUER_MISMATCH',
  'AKID_SKID_MISMATCH',
  'AKID_ISSUER_SERIAL_MISMATCH',
  'KEYUSAGE_NO_CERTSIGN',
  'UNABLE_TO_GET_CRL_ISSUER',
  'UNHANDLED_CRITICAL_EXTENSION',
  'KEYUSAGE_NO_CRL_SIGN',
  'UNHANDLED_CRITICAL_CRL_EXTENSION',
  'INVALID_NON_CA',
  'PROXY_PATH_LENGTH_EXCEEDED',
  'KEYUSAGE_NO_DIGITAL_SIGNATURE',
  'PROXY_CERTIFICATES_NOT_ALLOWED',
  'INVALID_EXTENSION',
  'INVALID_POLICY_EXTENSION',
  'NO_EXPLICIT_POLICY',
  'DIFFERENT_CRL_SCOPE',
  'UNSUPPORTED_EXTENSION_FEATURE',
  'UNNESTED_RESOURCE',
  'PERMITTED_VIOLATION',
  'EXCLUDED_VIOLATION',
  'SUBTREE_MINMAX',
  'APPLICATION_VERIFICATION',
  'UNSUPPORTED_CONSTRAINT_TYPE',
  'UNSUPPORTED_CONSTRAINT_SYNTAX',
  'UNSUPPORTED_NAME_SYNTAX',
  'CRL_PATH_VALIDATION_ERROR',
  'PATH_LOOP',
  'SUITE_B_INVALID_VERSION',
  'SUITE_B_INVALID_ALGORITHM',
  'SUITE_B_INVALID_CURVE',
  'SUITE_B_INVALID_SIGNATURE_ALGORITHM',
  'SUITE_B_LOS_NOT_ALLOWED',
  'SUITE_B_CANNOT_SIGN_P_384_WITH_P_256',
  'HOSTNAME_MISMATCH',
  'EMAIL_MISMATCH',
  'IP_ADDRESS_MISMATCH',
  'DANE_NO_MATCH',
  'EE_KEY_TOO_SMALL',
  'CA_KEY_TOO_SMALL',
  'CA_MD_TOO_WEAK',
  'INVALID_CALL',
  'STORE_LOOKUP',
  'NO_VALID_SCTS',
  'PROXY_SUBJECT_NAME_VIOLATION',
  'OCSP_VERIFY_NEEDED',
  'OCSP_VERIFY_FAILED',
  'OCSP_CERT_UNKNOWN',
  'UNSUPPORTED_SIGNATURE_ALGORITHM',
  'SIGNATURE_ALGORITHM_MISMATCH',
  'SIGNATURE_ALGORITHM_INCONSISTENCY',
  'INVALID_CA',
  'PATHLEN_INVALID_FOR_NON_CA',
  'PATHLEN_WITHOUT_KU_KEY_CERT_SIGN',
  'KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA',
  'ISSUER_NAME_EMPTY',
  'SUBJECT_NAME_EMPTY',
  'MISSING_AUTHORITY_KEY_IDENTIFIER',
  'MISSING_SUBJECT_KEY_IDENTIFIER',
  'EMPTY_SUBJECT_ALT_NAME',
  'EMPTY_SUBJECT_SAN_NOT_CRITICAL',
  'CA_BCONS_NOT_CRITICAL',
  'AUTHORITY_KEY_IDENTIFIER_CRITICAL',
  'SUBJECT_KEY_IDENTIFIER_CRITICAL',
  'CA_CERT_MISSING_KEY_USAGE',
  'EXTENSIONS_REQUIRE_VERSION_3',
  'EC_KEY_EXPLICIT_PARAMS',
  'RPK_UNTRUSTED',
];

const CODES: Readonly<Record<string, DtlsErrorCode>> = {
  CERT_HAS_EXPIRED: 'ERR_DTLS_CERT_EXPIRED',
  CERT_NOT_YET_VALID: 'ERR_DTLS_CERT_NOT_YET_VALID',
  CERT_REVOKED: 'ERR_DTLS_CERT_REVOKED',
  HOSTNAME_MISMATCH: 'ERR_DTLS_CERT_HOST',
  IP_ADDRESS_MISMATCH: 'ERR_DTLS_CERT_HOST',
};

/** What the result of OpenSSL's verification (`SSL_get_verify_result`) is called. Unknown numbers are UNSPECIFIED. */
export function verifyError(number: number): VerifyError {
  const name = NAMES[number - 1] ?? 'UNSPECIFIED';
  return { name, code: CODES[name] ?? 'ERR_DTLS_CERT_UNTRUSTED' };
}

const UNKNOWN_CA =
  "it is signed by a CA that is not trusted here: give that CA's certificate as ca, or it did not send a complete chain.";
const SECURITY_LEVEL = 'for the security level of OpenSSL (2 by default from OpenSSL 3.2 on, 1 before)';
const LOWER_LEVEL = "have it renewed, or lower the level with ciphers: '...:@SECLEVEL=0'.";

/** Sentences about the peer's certificate, "it". */
const SENTENCES: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its chain is incomplete: the peer must send its intermediate certificates too, own first, or give them as ca.',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'it is self-signed and not among those trusted here: give it as ca, or pin it with verifyFingerprint.',
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends in a root that is not trusted here: give that root as ca.',
  CERT_HAS_EXPIRED: "it, or one of its issuers' certificates, has expired: have it renewed, or check the clock here.",
  CERT_NOT_YET_VALID: "it, or one of its issuers' certificates, is not valid yet: check the clock here.",
  CERT_REVOKED: 'it, or one of its issuers, is on the revocation list of the CA that issued it.',
  CERT_SIGNATURE_FAILURE: 'the signature on it is wrong: it was altered, or its CA has another key than the one in ca.',
  UNABLE_TO_GET_CRL: 'crl has no revocation list of the CA that issued it: give one for each CA in the chain.',
  CRL_HAS_EXPIRED: "the CA's revocation list has expired: give the current one as crl.",
  CRL_NOT_YET_VALID: "the CA's revocation list is not valid yet: check the clock here.",
  CRL_SIGNATURE_FAILURE:
    "the signature on the CA's revocation list is wrong: give the one that the CA published as crl.",
  EE_KEY_TOO_SMALL: `its key is too small ${SECURITY_LEVEL}: ${LOWER_LEVEL}`,
  CA_KEY_TOO_SMALL: `the key of a CA in its chain is too small ${SECURITY_LEVEL}: ${LOWER_LEVEL}`,
  CA_MD_TOO_WEAK: `a certificate in its chain is signed with a digest that is too weak ${SECURITY_LEVEL}: ${LOWER_LEVEL}`,
  INVALID_PURPOSE:
    'it was issued for another purpose (extendedKeyUsage): servers need serverAuth, clients clientAuth; get one that has it.',
  INVALID_CA: 'a certificate in its chain is that of no CA (basicConstraints), and must not issue others.',
  PATH_LENGTH_EXCEEDED: 'its chain is longer than a CA in it allows (basicConstraints).',
  CERT_CHAIN_TOO_LONG: 'its chain is longer than OpenSSL accepts.',
  HOSTNAME_MISMATCH: 'it is for another host: connect to a name that is in it, or give that name as servername.',
  IP_ADDRESS_MISMATCH: 'it is for another host: connect to an address that is in it, or give a name as servername.',
};

/** The cause and the cure in plain words. `name` is that of `verifyError`. */
export function verifySentence(name: string): string {
  return SENTENCES[name] ?? `OpenSSL does not accept it (${name}).`;
}
