// Written by ./bindings from AWS-LC's openssl/ssl.h; do not edit.
// SPDX-License-Identifier: Apache-2.0

pub use aws_lc_crypto::*;

const _: () = assert!(
    matches!(AWSLC_VERSION_NUMBER_STRING, b"5.12.0\0"),
    "src/ssl.rs is of AWS-LC 5.12.0, aws-lc-crypto is not: run ./bindings"
);

pub const SSL2_MT_CLIENT_HELLO: i32 = 1;
pub const SSL2_VERSION: i32 = 2;
pub const SSL3_SSL_SESSION_ID_LENGTH: i32 = 32;
pub const SSL3_MAX_SSL_SESSION_ID_LENGTH: i32 = 32;
pub const SSL3_MASTER_SECRET_SIZE: i32 = 48;
pub const SSL3_RANDOM_SIZE: i32 = 32;
pub const SSL3_SESSION_ID_SIZE: i32 = 32;
pub const SSL3_RT_HEADER_LENGTH: i32 = 5;
pub const SSL3_HM_HEADER_LENGTH: i32 = 4;
pub const SSL3_ALIGN_PAYLOAD: i32 = 8;
pub const SSL3_RT_MAX_MD_SIZE: i32 = 64;
pub const SSL_RT_MAX_CIPHER_BLOCK_SIZE: i32 = 16;
pub const SSL3_RT_MAX_PLAIN_LENGTH: i32 = 16384;
pub const SSL3_RT_MAX_COMPRESSED_OVERHEAD: i32 = 1024;
pub const SSL3_RT_MAX_ENCRYPTED_OVERHEAD: i32 = 320;
pub const SSL3_RT_SEND_MAX_ENCRYPTED_OVERHEAD: i32 = 88;
pub const SSL3_RT_MAX_COMPRESSED_LENGTH: i32 = 16384;
pub const SSL3_RT_MAX_ENCRYPTED_LENGTH: i32 = 16704;
pub const SSL3_RT_MAX_PACKET_SIZE: i32 = 16709;
pub const SSL3_MD_CLIENT_FINISHED_CONST: &[u8; 5] = b"CLNT\0";
pub const SSL3_MD_SERVER_FINISHED_CONST: &[u8; 5] = b"SRVR\0";
pub const SSL3_RT_CHANGE_CIPHER_SPEC: i32 = 20;
pub const SSL3_RT_ALERT: i32 = 21;
pub const SSL3_RT_HANDSHAKE: i32 = 22;
pub const SSL3_RT_APPLICATION_DATA: i32 = 23;
pub const SSL3_RT_HEADER: i32 = 256;
pub const SSL3_RT_CLIENT_HELLO_INNER: i32 = 257;
pub const SSL3_AL_WARNING: i32 = 1;
pub const SSL3_AL_FATAL: i32 = 2;
pub const SSL3_AD_CLOSE_NOTIFY: i32 = 0;
pub const SSL3_AD_UNEXPECTED_MESSAGE: i32 = 10;
pub const SSL3_AD_BAD_RECORD_MAC: i32 = 20;
pub const SSL3_AD_DECOMPRESSION_FAILURE: i32 = 30;
pub const SSL3_AD_HANDSHAKE_FAILURE: i32 = 40;
pub const SSL3_AD_NO_CERTIFICATE: i32 = 41;
pub const SSL3_AD_BAD_CERTIFICATE: i32 = 42;
pub const SSL3_AD_UNSUPPORTED_CERTIFICATE: i32 = 43;
pub const SSL3_AD_CERTIFICATE_REVOKED: i32 = 44;
pub const SSL3_AD_CERTIFICATE_EXPIRED: i32 = 45;
pub const SSL3_AD_CERTIFICATE_UNKNOWN: i32 = 46;
pub const SSL3_AD_ILLEGAL_PARAMETER: i32 = 47;
pub const SSL3_AD_INAPPROPRIATE_FALLBACK: i32 = 86;
pub const SSL3_CT_RSA_SIGN: i32 = 1;
pub const SSL3_MT_HELLO_REQUEST: i32 = 0;
pub const SSL3_MT_CLIENT_HELLO: i32 = 1;
pub const SSL3_MT_SERVER_HELLO: i32 = 2;
pub const SSL3_MT_NEW_SESSION_TICKET: i32 = 4;
pub const SSL3_MT_END_OF_EARLY_DATA: i32 = 5;
pub const SSL3_MT_ENCRYPTED_EXTENSIONS: i32 = 8;
pub const SSL3_MT_CERTIFICATE: i32 = 11;
pub const SSL3_MT_SERVER_KEY_EXCHANGE: i32 = 12;
pub const SSL3_MT_CERTIFICATE_REQUEST: i32 = 13;
pub const SSL3_MT_SERVER_HELLO_DONE: i32 = 14;
pub const SSL3_MT_CERTIFICATE_VERIFY: i32 = 15;
pub const SSL3_MT_CLIENT_KEY_EXCHANGE: i32 = 16;
pub const SSL3_MT_FINISHED: i32 = 20;
pub const SSL3_MT_CERTIFICATE_STATUS: i32 = 22;
pub const SSL3_MT_SUPPLEMENTAL_DATA: i32 = 23;
pub const SSL3_MT_KEY_UPDATE: i32 = 24;
pub const SSL3_MT_COMPRESSED_CERTIFICATE: i32 = 25;
pub const SSL3_MT_NEXT_PROTO: i32 = 67;
pub const SSL3_MT_CHANNEL_ID: i32 = 203;
pub const SSL3_MT_MESSAGE_HASH: i32 = 254;
pub const DTLS1_MT_HELLO_VERIFY_REQUEST: i32 = 3;
pub const SSL3_MT_SERVER_DONE: i32 = 14;
pub const SSL3_MT_NEWSESSION_TICKET: i32 = 4;
pub const SSL3_MT_CCS: i32 = 1;
pub const TLS1_AD_END_OF_EARLY_DATA: i32 = 1;
pub const TLS1_AD_DECRYPTION_FAILED: i32 = 21;
pub const TLS1_AD_RECORD_OVERFLOW: i32 = 22;
pub const TLS1_AD_UNKNOWN_CA: i32 = 48;
pub const TLS1_AD_ACCESS_DENIED: i32 = 49;
pub const TLS1_AD_DECODE_ERROR: i32 = 50;
pub const TLS1_AD_DECRYPT_ERROR: i32 = 51;
pub const TLS1_AD_EXPORT_RESTRICTION: i32 = 60;
pub const TLS1_AD_PROTOCOL_VERSION: i32 = 70;
pub const TLS1_AD_INSUFFICIENT_SECURITY: i32 = 71;
pub const TLS1_AD_INTERNAL_ERROR: i32 = 80;
pub const TLS1_AD_USER_CANCELLED: i32 = 90;
pub const TLS1_AD_NO_RENEGOTIATION: i32 = 100;
pub const TLS1_AD_MISSING_EXTENSION: i32 = 109;
pub const TLS1_AD_UNSUPPORTED_EXTENSION: i32 = 110;
pub const TLS1_AD_CERTIFICATE_UNOBTAINABLE: i32 = 111;
pub const TLS1_AD_UNRECOGNIZED_NAME: i32 = 112;
pub const TLS1_AD_BAD_CERTIFICATE_STATUS_RESPONSE: i32 = 113;
pub const TLS1_AD_BAD_CERTIFICATE_HASH_VALUE: i32 = 114;
pub const TLS1_AD_UNKNOWN_PSK_IDENTITY: i32 = 115;
pub const TLS1_AD_CERTIFICATE_REQUIRED: i32 = 116;
pub const TLS1_AD_NO_APPLICATION_PROTOCOL: i32 = 120;
pub const TLS1_AD_ECH_REQUIRED: i32 = 121;
pub const TLSEXT_TYPE_server_name: i32 = 0;
pub const TLSEXT_TYPE_status_request: i32 = 5;
pub const TLSEXT_TYPE_ec_point_formats: i32 = 11;
pub const TLSEXT_TYPE_signature_algorithms: i32 = 13;
pub const TLSEXT_TYPE_srtp: i32 = 14;
pub const TLSEXT_TYPE_application_layer_protocol_negotiation: i32 = 16;
pub const TLSEXT_TYPE_padding: i32 = 21;
pub const TLSEXT_TYPE_extended_master_secret: i32 = 23;
pub const TLSEXT_TYPE_quic_transport_parameters_legacy: i32 = 65445;
pub const TLSEXT_TYPE_quic_transport_parameters: i32 = 57;
pub const TLSEXT_TYPE_quic_transport_parameters_standard: i32 = 57;
pub const TLSEXT_TYPE_cert_compression: i32 = 27;
pub const TLSEXT_TYPE_session_ticket: i32 = 35;
pub const TLSEXT_TYPE_supported_groups: i32 = 10;
pub const TLSEXT_TYPE_pre_shared_key: i32 = 41;
pub const TLSEXT_TYPE_early_data: i32 = 42;
pub const TLSEXT_TYPE_supported_versions: i32 = 43;
pub const TLSEXT_TYPE_cookie: i32 = 44;
pub const TLSEXT_TYPE_psk_key_exchange_modes: i32 = 45;
pub const TLSEXT_TYPE_certificate_authorities: i32 = 47;
pub const TLSEXT_TYPE_signature_algorithms_cert: i32 = 50;
pub const TLSEXT_TYPE_key_share: i32 = 51;
pub const TLSEXT_TYPE_renegotiate: i32 = 65281;
pub const TLSEXT_TYPE_delegated_credential: i32 = 34;
pub const TLSEXT_TYPE_application_settings_old: i32 = 17513;
pub const TLSEXT_TYPE_application_settings: i32 = 17613;
pub const TLSEXT_TYPE_encrypted_client_hello: i32 = 65037;
pub const TLSEXT_TYPE_ech_outer_extensions: i32 = 64768;
pub const TLSEXT_TYPE_certificate_timestamp: i32 = 18;
pub const TLSEXT_TYPE_next_proto_neg: i32 = 13172;
pub const TLSEXT_TYPE_channel_id: i32 = 30032;
pub const TLSEXT_STATUSTYPE_nothing: i32 = -1;
pub const TLSEXT_STATUSTYPE_ocsp: i32 = 1;
pub const TLSEXT_ECPOINTFORMAT_uncompressed: i32 = 0;
pub const TLSEXT_ECPOINTFORMAT_ansiX962_compressed_prime: i32 = 1;
pub const TLSEXT_signature_anonymous: i32 = 0;
pub const TLSEXT_signature_rsa: i32 = 1;
pub const TLSEXT_signature_dsa: i32 = 2;
pub const TLSEXT_signature_ecdsa: i32 = 3;
pub const TLSEXT_hash_none: i32 = 0;
pub const TLSEXT_hash_md5: i32 = 1;
pub const TLSEXT_hash_sha1: i32 = 2;
pub const TLSEXT_hash_sha224: i32 = 3;
pub const TLSEXT_hash_sha256: i32 = 4;
pub const TLSEXT_hash_sha384: i32 = 5;
pub const TLSEXT_hash_sha512: i32 = 6;
pub const TLSEXT_cert_compression_zlib: i32 = 1;
pub const TLSEXT_cert_compression_brotli: i32 = 2;
pub const TLSEXT_MAXLEN_host_name: i32 = 255;
pub const TLS_CT_RSA_SIGN: i32 = 1;
pub const TLS_CT_DSS_SIGN: i32 = 2;
pub const TLS_CT_RSA_FIXED_DH: i32 = 3;
pub const TLS_CT_DSS_FIXED_DH: i32 = 4;
pub const TLS_CT_ECDSA_SIGN: i32 = 64;
pub const TLS_CT_RSA_FIXED_ECDH: i32 = 65;
pub const TLS_CT_ECDSA_FIXED_ECDH: i32 = 66;
pub const TLS_MD_MAX_CONST_SIZE: i32 = 20;
pub const SSL_KEY_UPDATE_REQUESTED: i32 = 1;
pub const SSL_KEY_UPDATE_NOT_REQUESTED: i32 = 0;
pub const SSL_KEY_UPDATE_NONE: i32 = -1;
pub const SSL_ERROR_NONE: i32 = 0;
pub const SSL_ERROR_SSL: i32 = 1;
pub const SSL_ERROR_WANT_READ: i32 = 2;
pub const SSL_ERROR_WANT_WRITE: i32 = 3;
pub const SSL_ERROR_WANT_X509_LOOKUP: i32 = 4;
pub const SSL_ERROR_SYSCALL: i32 = 5;
pub const SSL_ERROR_ZERO_RETURN: i32 = 6;
pub const SSL_ERROR_WANT_CONNECT: i32 = 7;
pub const SSL_ERROR_WANT_ACCEPT: i32 = 8;
pub const SSL_ERROR_WANT_CHANNEL_ID_LOOKUP: i32 = 9;
pub const SSL_ERROR_PENDING_SESSION: i32 = 11;
pub const SSL_ERROR_PENDING_CERTIFICATE: i32 = 12;
pub const SSL_ERROR_WANT_PRIVATE_KEY_OPERATION: i32 = 13;
pub const SSL_ERROR_PENDING_TICKET: i32 = 14;
pub const SSL_ERROR_EARLY_DATA_REJECTED: i32 = 15;
pub const SSL_ERROR_WANT_CERTIFICATE_VERIFY: i32 = 16;
pub const SSL_ERROR_HANDOFF: i32 = 17;
pub const SSL_ERROR_HANDBACK: i32 = 18;
pub const SSL_ERROR_WANT_RENEGOTIATE: i32 = 19;
pub const SSL_ERROR_HANDSHAKE_HINTS_READY: i32 = 20;
pub const DTLS1_VERSION_MAJOR: i32 = 254;
pub const SSL3_VERSION_MAJOR: i32 = 3;
pub const SSL3_VERSION: i32 = 768;
pub const TLS1_VERSION: i32 = 769;
pub const TLS1_1_VERSION: i32 = 770;
pub const TLS1_2_VERSION: i32 = 771;
pub const TLS1_3_VERSION: i32 = 772;
pub const DTLS1_VERSION: i32 = 65279;
pub const DTLS1_2_VERSION: i32 = 65277;
pub const SSL_OP_NO_QUERY_MTU: i32 = 4096;
pub const SSL_OP_NO_TICKET: i32 = 16384;
pub const SSL_OP_IGNORE_UNEXPECTED_EOF: i32 = 128;
pub const SSL_OP_CIPHER_SERVER_PREFERENCE: i32 = 4194304;
pub const SSL_OP_NO_TLSv1: i32 = 67108864;
pub const SSL_OP_NO_TLSv1_2: i32 = 134217728;
pub const SSL_OP_NO_TLSv1_1: i32 = 268435456;
pub const SSL_OP_NO_TLSv1_3: i32 = 536870912;
pub const SSL_OP_NO_DTLSv1: i32 = 67108864;
pub const SSL_OP_NO_DTLSv1_2: i32 = 134217728;
pub const SSL_MODE_ENABLE_PARTIAL_WRITE: i32 = 1;
pub const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER: i32 = 2;
pub const SSL_MODE_NO_AUTO_CHAIN: i32 = 8;
pub const SSL_MODE_ENABLE_FALSE_START: i32 = 128;
pub const SSL_MODE_CBC_RECORD_SPLITTING: i32 = 256;
pub const SSL_MODE_NO_SESSION_CREATION: i32 = 512;
pub const SSL_MODE_SEND_FALLBACK_SCSV: i32 = 1024;
pub const SSL_BUILD_CHAIN_FLAG_UNTRUSTED: i32 = 1;
pub const SSL_BUILD_CHAIN_FLAG_NO_ROOT: i32 = 2;
pub const SSL_BUILD_CHAIN_FLAG_CHECK: i32 = 4;
pub const SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR: i32 = 8;
pub const SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR: i32 = 16;
pub const SSL_CLIENT_HELLO_SUCCESS: i32 = 1;
pub const SSL_CLIENT_HELLO_ERROR: i32 = 0;
pub const SSL_CLIENT_HELLO_RETRY: i32 = -1;
pub const SSL_SIGN_RSA_PKCS1_SHA1: i32 = 513;
pub const SSL_SIGN_RSA_PKCS1_SHA256: i32 = 1025;
pub const SSL_SIGN_RSA_PKCS1_SHA384: i32 = 1281;
pub const SSL_SIGN_RSA_PKCS1_SHA512: i32 = 1537;
pub const SSL_SIGN_ECDSA_SHA1: i32 = 515;
pub const SSL_SIGN_ECDSA_SECP256R1_SHA256: i32 = 1027;
pub const SSL_SIGN_ECDSA_SECP384R1_SHA384: i32 = 1283;
pub const SSL_SIGN_ECDSA_SECP521R1_SHA512: i32 = 1539;
pub const SSL_SIGN_RSA_PSS_RSAE_SHA256: i32 = 2052;
pub const SSL_SIGN_RSA_PSS_RSAE_SHA384: i32 = 2053;
pub const SSL_SIGN_RSA_PSS_RSAE_SHA512: i32 = 2054;
pub const SSL_SIGN_ED25519: i32 = 2055;
pub const SSL_SIGN_MLDSA44: i32 = 2308;
pub const SSL_SIGN_MLDSA65: i32 = 2309;
pub const SSL_SIGN_MLDSA87: i32 = 2310;
pub const SSL_SIGN_RSA_PKCS1_MD5_SHA1: i32 = 65281;
pub const SSL_FILETYPE_PEM: i32 = 1;
pub const SSL_FILETYPE_ASN1: i32 = 2;
pub const SSL_DEFAULT_CIPHER_LIST: &[u8; 4] = b"ALL\0";
pub const SSL_MAX_SSL_SESSION_ID_LENGTH: i32 = 32;
pub const SSL_MAX_MASTER_KEY_LENGTH: i32 = 48;
pub const SSL_SESS_CACHE_OFF: i32 = 0;
pub const SSL_SESS_CACHE_CLIENT: i32 = 1;
pub const SSL_SESS_CACHE_SERVER: i32 = 2;
pub const SSL_SESS_CACHE_BOTH: i32 = 3;
pub const SSL_SESS_CACHE_NO_AUTO_CLEAR: i32 = 128;
pub const SSL_SESS_CACHE_NO_INTERNAL_LOOKUP: i32 = 256;
pub const SSL_SESS_CACHE_NO_INTERNAL_STORE: i32 = 512;
pub const SSL_SESS_CACHE_NO_INTERNAL: i32 = 768;
pub const SSL_DEFAULT_SESSION_TIMEOUT: i32 = 7200;
pub const SSL_DEFAULT_SESSION_PSK_DHE_TIMEOUT: i32 = 172800;
pub const SSL_DEFAULT_SESSION_AUTH_TIMEOUT: i32 = 604800;
pub const SSL_MAX_SID_CTX_LENGTH: i32 = 32;
pub const SSL_SESSION_CACHE_MAX_SIZE_DEFAULT: i32 = 20480;
pub const SSL_DEFAULT_TICKET_KEY_ROTATION_INTERVAL: i32 = 172800;
pub const SSL_TICKET_KEY_NAME_LEN: i32 = 16;
pub const SSL_GROUP_SECP224R1: i32 = 21;
pub const SSL_GROUP_SECP256R1: i32 = 23;
pub const SSL_GROUP_SECP384R1: i32 = 24;
pub const SSL_GROUP_SECP521R1: i32 = 25;
pub const SSL_GROUP_X25519: i32 = 29;
pub const SSL_GROUP_SECP256R1_MLKEM768: i32 = 4587;
pub const SSL_GROUP_X25519_MLKEM768: i32 = 4588;
pub const SSL_GROUP_SECP384R1_MLKEM1024: i32 = 4589;
pub const SSL_GROUP_MLKEM512: i32 = 512;
pub const SSL_GROUP_MLKEM768: i32 = 513;
pub const SSL_GROUP_MLKEM1024: i32 = 514;
pub const SSL_VERIFY_NONE: i32 = 0;
pub const SSL_VERIFY_PEER: i32 = 1;
pub const SSL_VERIFY_FAIL_IF_NO_PEER_CERT: i32 = 2;
pub const SSL_VERIFY_PEER_IF_NO_OBC: i32 = 4;
pub const TLSEXT_NAMETYPE_host_name: i32 = 0;
pub const SSL_TLSEXT_ERR_OK: i32 = 0;
pub const SSL_TLSEXT_ERR_ALERT_WARNING: i32 = 1;
pub const SSL_TLSEXT_ERR_ALERT_FATAL: i32 = 2;
pub const SSL_TLSEXT_ERR_NOACK: i32 = 3;
pub const OPENSSL_NPN_UNSUPPORTED: i32 = 0;
pub const OPENSSL_NPN_NEGOTIATED: i32 = 1;
pub const OPENSSL_NPN_NO_OVERLAP: i32 = 2;
pub const SRTP_AES128_CM_SHA1_80: i32 = 1;
pub const SRTP_AES128_CM_SHA1_32: i32 = 2;
pub const SRTP_AES128_F8_SHA1_80: i32 = 3;
pub const SRTP_AES128_F8_SHA1_32: i32 = 4;
pub const SRTP_NULL_SHA1_80: i32 = 5;
pub const SRTP_NULL_SHA1_32: i32 = 6;
pub const SRTP_AEAD_AES_128_GCM: i32 = 7;
pub const SRTP_AEAD_AES_256_GCM: i32 = 8;
pub const PSK_MAX_IDENTITY_LEN: i32 = 128;
pub const PSK_MAX_PSK_LEN: i32 = 256;
pub const SSL_AD_REASON_OFFSET: i32 = 1000;
pub const SSL_AD_CLOSE_NOTIFY: i32 = 0;
pub const SSL_AD_UNEXPECTED_MESSAGE: i32 = 10;
pub const SSL_AD_BAD_RECORD_MAC: i32 = 20;
pub const SSL_AD_DECRYPTION_FAILED: i32 = 21;
pub const SSL_AD_RECORD_OVERFLOW: i32 = 22;
pub const SSL_AD_DECOMPRESSION_FAILURE: i32 = 30;
pub const SSL_AD_HANDSHAKE_FAILURE: i32 = 40;
pub const SSL_AD_NO_CERTIFICATE: i32 = 41;
pub const SSL_AD_BAD_CERTIFICATE: i32 = 42;
pub const SSL_AD_UNSUPPORTED_CERTIFICATE: i32 = 43;
pub const SSL_AD_CERTIFICATE_REVOKED: i32 = 44;
pub const SSL_AD_CERTIFICATE_EXPIRED: i32 = 45;
pub const SSL_AD_CERTIFICATE_UNKNOWN: i32 = 46;
pub const SSL_AD_ILLEGAL_PARAMETER: i32 = 47;
pub const SSL_AD_UNKNOWN_CA: i32 = 48;
pub const SSL_AD_ACCESS_DENIED: i32 = 49;
pub const SSL_AD_DECODE_ERROR: i32 = 50;
pub const SSL_AD_DECRYPT_ERROR: i32 = 51;
pub const SSL_AD_EXPORT_RESTRICTION: i32 = 60;
pub const SSL_AD_PROTOCOL_VERSION: i32 = 70;
pub const SSL_AD_INSUFFICIENT_SECURITY: i32 = 71;
pub const SSL_AD_INTERNAL_ERROR: i32 = 80;
pub const SSL_AD_INAPPROPRIATE_FALLBACK: i32 = 86;
pub const SSL_AD_USER_CANCELLED: i32 = 90;
pub const SSL_AD_NO_RENEGOTIATION: i32 = 100;
pub const SSL_AD_MISSING_EXTENSION: i32 = 109;
pub const SSL_AD_UNSUPPORTED_EXTENSION: i32 = 110;
pub const SSL_AD_CERTIFICATE_UNOBTAINABLE: i32 = 111;
pub const SSL_AD_UNRECOGNIZED_NAME: i32 = 112;
pub const SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE: i32 = 113;
pub const SSL_AD_BAD_CERTIFICATE_HASH_VALUE: i32 = 114;
pub const SSL_AD_UNKNOWN_PSK_IDENTITY: i32 = 115;
pub const SSL_AD_CERTIFICATE_REQUIRED: i32 = 116;
pub const SSL_AD_NO_APPLICATION_PROTOCOL: i32 = 120;
pub const SSL_AD_ECH_REQUIRED: i32 = 121;
pub const SSL_MAX_CERT_LIST_DEFAULT: i32 = 102400;
pub const SSL_ST_CONNECT: i32 = 4096;
pub const SSL_ST_ACCEPT: i32 = 8192;
pub const SSL_ST_MASK: i32 = 4095;
pub const SSL_ST_INIT: i32 = 12288;
pub const SSL_ST_OK: i32 = 3;
pub const SSL_ST_RENEGOTIATE: i32 = 12292;
pub const SSL_ST_BEFORE: i32 = 12293;
pub const SSL_CB_LOOP: i32 = 1;
pub const SSL_CB_EXIT: i32 = 2;
pub const SSL_CB_READ: i32 = 4;
pub const SSL_CB_WRITE: i32 = 8;
pub const SSL_CB_ALERT: i32 = 16384;
pub const SSL_CB_READ_ALERT: i32 = 16388;
pub const SSL_CB_WRITE_ALERT: i32 = 16392;
pub const SSL_CB_ACCEPT_LOOP: i32 = 8193;
pub const SSL_CB_ACCEPT_EXIT: i32 = 8194;
pub const SSL_CB_CONNECT_LOOP: i32 = 4097;
pub const SSL_CB_CONNECT_EXIT: i32 = 4098;
pub const SSL_CB_HANDSHAKE_START: i32 = 16;
pub const SSL_CB_HANDSHAKE_DONE: i32 = 32;
pub const SSL_SENT_SHUTDOWN: i32 = 1;
pub const SSL_RECEIVED_SHUTDOWN: i32 = 2;
pub const SSL_MODE_HANDSHAKE_CUTTHROUGH: i32 = 128;
pub const SSL_NOTHING: i32 = 0;
pub const SSL_WRITING: i32 = 3;
pub const SSL_READING: i32 = 2;
pub const SSL_TXT_MEDIUM: &[u8; 7] = b"MEDIUM\0";
pub const SSL_TXT_HIGH: &[u8; 5] = b"HIGH\0";
pub const SSL_TXT_FIPS: &[u8; 5] = b"FIPS\0";
pub const SSL_TXT_kRSA: &[u8; 5] = b"kRSA\0";
pub const SSL_TXT_kDHE: &[u8; 5] = b"kDHE\0";
pub const SSL_TXT_kEDH: &[u8; 5] = b"kEDH\0";
pub const SSL_TXT_kECDHE: &[u8; 7] = b"kECDHE\0";
pub const SSL_TXT_kEECDH: &[u8; 7] = b"kEECDH\0";
pub const SSL_TXT_kPSK: &[u8; 5] = b"kPSK\0";
pub const SSL_TXT_aRSA: &[u8; 5] = b"aRSA\0";
pub const SSL_TXT_aECDSA: &[u8; 7] = b"aECDSA\0";
pub const SSL_TXT_aPSK: &[u8; 5] = b"aPSK\0";
pub const SSL_TXT_DH: &[u8; 3] = b"DH\0";
pub const SSL_TXT_DHE: &[u8; 4] = b"DHE\0";
pub const SSL_TXT_EDH: &[u8; 4] = b"EDH\0";
pub const SSL_TXT_RSA: &[u8; 4] = b"RSA\0";
pub const SSL_TXT_ECDH: &[u8; 5] = b"ECDH\0";
pub const SSL_TXT_ECDHE: &[u8; 6] = b"ECDHE\0";
pub const SSL_TXT_EECDH: &[u8; 6] = b"EECDH\0";
pub const SSL_TXT_ECDSA: &[u8; 6] = b"ECDSA\0";
pub const SSL_TXT_PSK: &[u8; 4] = b"PSK\0";
pub const SSL_TXT_3DES: &[u8; 5] = b"3DES\0";
pub const SSL_TXT_RC4: &[u8; 4] = b"RC4\0";
pub const SSL_TXT_AES128: &[u8; 7] = b"AES128\0";
pub const SSL_TXT_AES256: &[u8; 7] = b"AES256\0";
pub const SSL_TXT_AES: &[u8; 4] = b"AES\0";
pub const SSL_TXT_AES_GCM: &[u8; 7] = b"AESGCM\0";
pub const SSL_TXT_CHACHA20: &[u8; 9] = b"CHACHA20\0";
pub const SSL_TXT_MD5: &[u8; 4] = b"MD5\0";
pub const SSL_TXT_SHA1: &[u8; 5] = b"SHA1\0";
pub const SSL_TXT_SHA: &[u8; 4] = b"SHA\0";
pub const SSL_TXT_SHA256: &[u8; 7] = b"SHA256\0";
pub const SSL_TXT_SHA384: &[u8; 7] = b"SHA384\0";
pub const SSL_TXT_SSLV3: &[u8; 6] = b"SSLv3\0";
pub const SSL_TXT_TLSV1: &[u8; 6] = b"TLSv1\0";
pub const SSL_TXT_TLSV1_1: &[u8; 8] = b"TLSv1.1\0";
pub const SSL_TXT_TLSV1_2: &[u8; 8] = b"TLSv1.2\0";
pub const SSL_TXT_TLSV1_3: &[u8; 8] = b"TLSv1.3\0";
pub const SSL_TXT_ALL: &[u8; 4] = b"ALL\0";
pub const SSL_TXT_CMPDEF: &[u8; 20] = b"COMPLEMENTOFDEFAULT\0";
pub const OPENSSL_INIT_NO_LOAD_SSL_STRINGS: i32 = 0;
pub const OPENSSL_INIT_LOAD_SSL_STRINGS: i32 = 0;
pub const OPENSSL_INIT_SSL_DEFAULT: i32 = 0;
pub const SSL_SIGN_RSA_PSS_SHA256: i32 = 2052;
pub const SSL_SIGN_RSA_PSS_SHA384: i32 = 2053;
pub const SSL_SIGN_RSA_PSS_SHA512: i32 = 2054;
pub const SSL_CURVE_SECP224R1: i32 = 21;
pub const SSL_CURVE_SECP256R1: i32 = 23;
pub const SSL_CURVE_SECP384R1: i32 = 24;
pub const SSL_CURVE_SECP521R1: i32 = 25;
pub const SSL_CURVE_X25519: i32 = 29;
pub const TLSEXT_nid_unknown: i32 = 16777216;
pub const SSL_MODE_AUTO_RETRY: i32 = 0;
pub const SSL_MODE_RELEASE_BUFFERS: i32 = 0;
pub const SSL_MODE_SEND_CLIENTHELLO_TIME: i32 = 0;
pub const SSL_MODE_SEND_SERVERHELLO_TIME: i32 = 0;
pub const SSL_OP_ALL: i32 = 0;
pub const SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION: i32 = 0;
pub const SSL_OP_CRYPTOPRO_TLSEXT_BUG: i32 = 0;
pub const SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS: i32 = 0;
pub const SSL_OP_LEGACY_SERVER_CONNECT: i32 = 0;
pub const SSL_OP_NO_COMPRESSION: i32 = 0;
pub const SSL_OP_NO_RENEGOTIATION: i32 = 0;
pub const SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION: i32 = 0;
pub const SSL_OP_NO_SSLv2: i32 = 0;
pub const SSL_OP_NO_SSLv3: i32 = 0;
pub const SSL_OP_SAFARI_ECDHE_ECDSA_BUG: i32 = 0;
pub const SSL_OP_TLSEXT_PADDING: i32 = 0;
pub const SSL_OP_TLS_ROLLBACK_BUG: i32 = 0;
pub const SSL_VERIFY_CLIENT_ONCE: i32 = 0;
pub const SSL_OP_EPHEMERAL_RSA: i32 = 0;
pub const SSL_OP_MICROSOFT_BIG_SSLV3_BUFFER: i32 = 0;
pub const SSL_OP_MICROSOFT_SESS_ID_BUG: i32 = 0;
pub const SSL_OP_MSIE_SSLV2_RSA_PADDING: i32 = 0;
pub const SSL_OP_NETSCAPE_CA_DN_BUG: i32 = 0;
pub const SSL_OP_NETSCAPE_CHALLENGE_BUG: i32 = 0;
pub const SSL_OP_NETSCAPE_DEMO_CIPHER_CHANGE_BUG: i32 = 0;
pub const SSL_OP_NETSCAPE_REUSE_CIPHER_CHANGE_BUG: i32 = 0;
pub const SSL_OP_PKCS1_CHECK_1: i32 = 0;
pub const SSL_OP_PKCS1_CHECK_2: i32 = 0;
pub const SSL_OP_SINGLE_DH_USE: i32 = 0;
pub const SSL_OP_SINGLE_ECDH_USE: i32 = 0;
pub const SSL_OP_SSLEAY_080_CLIENT_DH_BUG: i32 = 0;
pub const SSL_OP_SSLREF2_REUSE_CERT_TYPE_BUG: i32 = 0;
pub const SSL_OP_TLS_BLOCK_PADDING_BUG: i32 = 0;
pub const SSL_OP_TLS_D5_BUG: i32 = 0;
pub const SSL_R_BACKWARDS_COMPATABILITY_OFFSET: i32 = 23841;
pub const SSL_R_NO_PROTOCOLS_AVAILABLE: i32 = 23842;
pub const SSL_R_BAD_PROTOCOL_VERSION_NUMBER: i32 = 23843;
pub const SSL_R_UNSUPPORTED_SSL_VERSION: i32 = 23844;
pub const SSL_R_VERSION_TOO_HIGH: i32 = 23845;
pub const SSL_R_VERSION_TOO_LOW: i32 = 23846;
pub const SSL_F_SSL_CTX_SET_SSL_VERSION: i32 = 0;
pub const SSL_F_SSL3_GET_SERVER_CERTIFICATE: i32 = 0;
pub const SSL_F_TLS_PROCESS_SERVER_CERTIFICATE: i32 = 0;
pub const SSL_R_APP_DATA_IN_HANDSHAKE: i32 = 100;
pub const SSL_R_ATTEMPT_TO_REUSE_SESSION_IN_DIFFERENT_CONTEXT: i32 = 101;
pub const SSL_R_BAD_ALERT: i32 = 102;
pub const SSL_R_BAD_CHANGE_CIPHER_SPEC: i32 = 103;
pub const SSL_R_BAD_DATA_RETURNED_BY_CALLBACK: i32 = 104;
pub const SSL_R_BAD_DH_P_LENGTH: i32 = 105;
pub const SSL_R_BAD_DIGEST_LENGTH: i32 = 106;
pub const SSL_R_BAD_ECC_CERT: i32 = 107;
pub const SSL_R_BAD_ECPOINT: i32 = 108;
pub const SSL_R_BAD_HANDSHAKE_RECORD: i32 = 109;
pub const SSL_R_BAD_HELLO_REQUEST: i32 = 110;
pub const SSL_R_BAD_LENGTH: i32 = 111;
pub const SSL_R_BAD_PACKET_LENGTH: i32 = 112;
pub const SSL_R_BAD_RSA_ENCRYPT: i32 = 113;
pub const SSL_R_BAD_SIGNATURE: i32 = 114;
pub const SSL_R_BAD_SRTP_MKI_VALUE: i32 = 115;
pub const SSL_R_BAD_SRTP_PROTECTION_PROFILE_LIST: i32 = 116;
pub const SSL_R_BAD_SSL_FILETYPE: i32 = 117;
pub const SSL_R_BAD_WRITE_RETRY: i32 = 118;
pub const SSL_R_BIO_NOT_SET: i32 = 119;
pub const SSL_R_BN_LIB: i32 = 120;
pub const SSL_R_BUFFER_TOO_SMALL: i32 = 121;
pub const SSL_R_CA_DN_LENGTH_MISMATCH: i32 = 122;
pub const SSL_R_CA_DN_TOO_LONG: i32 = 123;
pub const SSL_R_CCS_RECEIVED_EARLY: i32 = 124;
pub const SSL_R_CERTIFICATE_VERIFY_FAILED: i32 = 125;
pub const SSL_R_CERT_CB_ERROR: i32 = 126;
pub const SSL_R_CERT_LENGTH_MISMATCH: i32 = 127;
pub const SSL_R_CHANNEL_ID_NOT_P256: i32 = 128;
pub const SSL_R_CHANNEL_ID_SIGNATURE_INVALID: i32 = 129;
pub const SSL_R_CIPHER_OR_HASH_UNAVAILABLE: i32 = 130;
pub const SSL_R_CLIENTHELLO_PARSE_FAILED: i32 = 131;
pub const SSL_R_CLIENTHELLO_TLSEXT: i32 = 132;
pub const SSL_R_CONNECTION_REJECTED: i32 = 133;
pub const SSL_R_CONNECTION_TYPE_NOT_SET: i32 = 134;
pub const SSL_R_CUSTOM_EXTENSION_ERROR: i32 = 135;
pub const SSL_R_DATA_LENGTH_TOO_LONG: i32 = 136;
pub const SSL_R_DECODE_ERROR: i32 = 137;
pub const SSL_R_DECRYPTION_FAILED: i32 = 138;
pub const SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: i32 = 139;
pub const SSL_R_DH_PUBLIC_VALUE_LENGTH_IS_WRONG: i32 = 140;
pub const SSL_R_DH_P_TOO_LONG: i32 = 141;
pub const SSL_R_DIGEST_CHECK_FAILED: i32 = 142;
pub const SSL_R_DTLS_MESSAGE_TOO_BIG: i32 = 143;
pub const SSL_R_ECC_CERT_NOT_FOR_SIGNING: i32 = 144;
pub const SSL_R_EMS_STATE_INCONSISTENT: i32 = 145;
pub const SSL_R_ENCRYPTED_LENGTH_TOO_LONG: i32 = 146;
pub const SSL_R_ERROR_ADDING_EXTENSION: i32 = 147;
pub const SSL_R_ERROR_IN_RECEIVED_CIPHER_LIST: i32 = 148;
pub const SSL_R_ERROR_PARSING_EXTENSION: i32 = 149;
pub const SSL_R_EXCESSIVE_MESSAGE_SIZE: i32 = 150;
pub const SSL_R_EXTRA_DATA_IN_MESSAGE: i32 = 151;
pub const SSL_R_FRAGMENT_MISMATCH: i32 = 152;
pub const SSL_R_GOT_NEXT_PROTO_WITHOUT_EXTENSION: i32 = 153;
pub const SSL_R_HANDSHAKE_FAILURE_ON_CLIENT_HELLO: i32 = 154;
pub const SSL_R_HTTPS_PROXY_REQUEST: i32 = 155;
pub const SSL_R_HTTP_REQUEST: i32 = 156;
pub const SSL_R_INAPPROPRIATE_FALLBACK: i32 = 157;
pub const SSL_R_INVALID_COMMAND: i32 = 158;
pub const SSL_R_INVALID_MESSAGE: i32 = 159;
pub const SSL_R_INVALID_SSL_SESSION: i32 = 160;
pub const SSL_R_INVALID_TICKET_KEYS_LENGTH: i32 = 161;
pub const SSL_R_LENGTH_MISMATCH: i32 = 162;
pub const SSL_R_MISSING_EXTENSION: i32 = 164;
pub const SSL_R_MISSING_RSA_CERTIFICATE: i32 = 165;
pub const SSL_R_MISSING_TMP_DH_KEY: i32 = 166;
pub const SSL_R_MISSING_TMP_ECDH_KEY: i32 = 167;
pub const SSL_R_MIXED_SPECIAL_OPERATOR_WITH_GROUPS: i32 = 168;
pub const SSL_R_MTU_TOO_SMALL: i32 = 169;
pub const SSL_R_NEGOTIATED_BOTH_NPN_AND_ALPN: i32 = 170;
pub const SSL_R_NESTED_GROUP: i32 = 171;
pub const SSL_R_NO_CERTIFICATES_RETURNED: i32 = 172;
pub const SSL_R_NO_CERTIFICATE_ASSIGNED: i32 = 173;
pub const SSL_R_NO_CERTIFICATE_SET: i32 = 174;
pub const SSL_R_NO_CIPHERS_AVAILABLE: i32 = 175;
pub const SSL_R_NO_CIPHERS_PASSED: i32 = 176;
pub const SSL_R_NO_CIPHER_MATCH: i32 = 177;
pub const SSL_R_NO_COMPRESSION_SPECIFIED: i32 = 178;
pub const SSL_R_NO_METHOD_SPECIFIED: i32 = 179;
pub const SSL_R_NO_PRIVATE_KEY_ASSIGNED: i32 = 181;
pub const SSL_R_NO_RENEGOTIATION: i32 = 182;
pub const SSL_R_NO_REQUIRED_DIGEST: i32 = 183;
pub const SSL_R_NO_SHARED_CIPHER: i32 = 184;
pub const SSL_R_NULL_SSL_CTX: i32 = 185;
pub const SSL_R_NULL_SSL_METHOD_PASSED: i32 = 186;
pub const SSL_R_OLD_SESSION_CIPHER_NOT_RETURNED: i32 = 187;
pub const SSL_R_OLD_SESSION_VERSION_NOT_RETURNED: i32 = 188;
pub const SSL_R_OUTPUT_ALIASES_INPUT: i32 = 189;
pub const SSL_R_PARSE_TLSEXT: i32 = 190;
pub const SSL_R_PATH_TOO_LONG: i32 = 191;
pub const SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: i32 = 192;
pub const SSL_R_PEER_ERROR_UNSUPPORTED_CERTIFICATE_TYPE: i32 = 193;
pub const SSL_R_PROTOCOL_IS_SHUTDOWN: i32 = 194;
pub const SSL_R_PSK_IDENTITY_NOT_FOUND: i32 = 195;
pub const SSL_R_PSK_NO_CLIENT_CB: i32 = 196;
pub const SSL_R_PSK_NO_SERVER_CB: i32 = 197;
pub const SSL_R_READ_TIMEOUT_EXPIRED: i32 = 198;
pub const SSL_R_RECORD_LENGTH_MISMATCH: i32 = 199;
pub const SSL_R_RECORD_TOO_LARGE: i32 = 200;
pub const SSL_R_RENEGOTIATION_ENCODING_ERR: i32 = 201;
pub const SSL_R_RENEGOTIATION_MISMATCH: i32 = 202;
pub const SSL_R_REQUIRED_CIPHER_MISSING: i32 = 203;
pub const SSL_R_RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION: i32 = 204;
pub const SSL_R_RESUMED_NON_EMS_SESSION_WITH_EMS_EXTENSION: i32 = 205;
pub const SSL_R_SCSV_RECEIVED_WHEN_RENEGOTIATING: i32 = 206;
pub const SSL_R_SERVERHELLO_TLSEXT: i32 = 207;
pub const SSL_R_SESSION_ID_CONTEXT_UNINITIALIZED: i32 = 208;
pub const SSL_R_SESSION_MAY_NOT_BE_CREATED: i32 = 209;
pub const SSL_R_SIGNATURE_ALGORITHMS_EXTENSION_SENT_BY_SERVER: i32 = 210;
pub const SSL_R_SRTP_COULD_NOT_ALLOCATE_PROFILES: i32 = 211;
pub const SSL_R_SRTP_UNKNOWN_PROTECTION_PROFILE: i32 = 212;
pub const SSL_R_SSL3_EXT_INVALID_SERVERNAME: i32 = 213;
pub const SSL_R_SSL_CTX_HAS_NO_DEFAULT_SSL_VERSION: i32 = 214;
pub const SSL_R_SSL_HANDSHAKE_FAILURE: i32 = 215;
pub const SSL_R_SSL_SESSION_ID_CONTEXT_TOO_LONG: i32 = 216;
pub const SSL_R_TLS_PEER_DID_NOT_RESPOND_WITH_CERTIFICATE_LIST: i32 = 217;
pub const SSL_R_TLS_RSA_ENCRYPTED_VALUE_LENGTH_IS_WRONG: i32 = 218;
pub const SSL_R_TOO_MANY_EMPTY_FRAGMENTS: i32 = 219;
pub const SSL_R_TOO_MANY_WARNING_ALERTS: i32 = 220;
pub const SSL_R_UNABLE_TO_FIND_ECDH_PARAMETERS: i32 = 221;
pub const SSL_R_UNEXPECTED_EXTENSION: i32 = 222;
pub const SSL_R_UNEXPECTED_MESSAGE: i32 = 223;
pub const SSL_R_UNEXPECTED_OPERATOR_IN_GROUP: i32 = 224;
pub const SSL_R_UNEXPECTED_RECORD: i32 = 225;
pub const SSL_R_UNINITIALIZED: i32 = 226;
pub const SSL_R_UNKNOWN_ALERT_TYPE: i32 = 227;
pub const SSL_R_UNKNOWN_CERTIFICATE_TYPE: i32 = 228;
pub const SSL_R_UNKNOWN_CIPHER_RETURNED: i32 = 229;
pub const SSL_R_UNKNOWN_CIPHER_TYPE: i32 = 230;
pub const SSL_R_UNKNOWN_DIGEST: i32 = 231;
pub const SSL_R_UNKNOWN_KEY_EXCHANGE_TYPE: i32 = 232;
pub const SSL_R_UNKNOWN_PROTOCOL: i32 = 233;
pub const SSL_R_UNKNOWN_SSL_VERSION: i32 = 234;
pub const SSL_R_UNKNOWN_STATE: i32 = 235;
pub const SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED: i32 = 236;
pub const SSL_R_UNSUPPORTED_CIPHER: i32 = 237;
pub const SSL_R_UNSUPPORTED_COMPRESSION_ALGORITHM: i32 = 238;
pub const SSL_R_UNSUPPORTED_ELLIPTIC_CURVE: i32 = 239;
pub const SSL_R_UNSUPPORTED_PROTOCOL: i32 = 240;
pub const SSL_R_WRONG_CERTIFICATE_TYPE: i32 = 241;
pub const SSL_R_WRONG_CIPHER_RETURNED: i32 = 242;
pub const SSL_R_WRONG_CURVE: i32 = 243;
pub const SSL_R_WRONG_MESSAGE_TYPE: i32 = 244;
pub const SSL_R_WRONG_SIGNATURE_TYPE: i32 = 245;
pub const SSL_R_WRONG_SSL_VERSION: i32 = 246;
pub const SSL_R_WRONG_VERSION_NUMBER: i32 = 247;
pub const SSL_R_X509_LIB: i32 = 248;
pub const SSL_R_X509_VERIFICATION_SETUP_PROBLEMS: i32 = 249;
pub const SSL_R_SHUTDOWN_WHILE_IN_INIT: i32 = 250;
pub const SSL_R_INVALID_OUTER_RECORD_TYPE: i32 = 251;
pub const SSL_R_UNSUPPORTED_PROTOCOL_FOR_CUSTOM_KEY: i32 = 252;
pub const SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS: i32 = 253;
pub const SSL_R_DOWNGRADE_DETECTED: i32 = 254;
pub const SSL_R_EXCESS_HANDSHAKE_DATA: i32 = 255;
pub const SSL_R_INVALID_COMPRESSION_LIST: i32 = 256;
pub const SSL_R_DUPLICATE_EXTENSION: i32 = 257;
pub const SSL_R_MISSING_KEY_SHARE: i32 = 258;
pub const SSL_R_INVALID_ALPN_PROTOCOL: i32 = 259;
pub const SSL_R_TOO_MANY_KEY_UPDATES: i32 = 260;
pub const SSL_R_BLOCK_CIPHER_PAD_IS_WRONG: i32 = 261;
pub const SSL_R_NO_CIPHERS_SPECIFIED: i32 = 262;
pub const SSL_R_RENEGOTIATION_EMS_MISMATCH: i32 = 263;
pub const SSL_R_DUPLICATE_KEY_SHARE: i32 = 264;
pub const SSL_R_NO_GROUPS_SPECIFIED: i32 = 265;
pub const SSL_R_NO_SHARED_GROUP: i32 = 266;
pub const SSL_R_PRE_SHARED_KEY_MUST_BE_LAST: i32 = 267;
pub const SSL_R_OLD_SESSION_PRF_HASH_MISMATCH: i32 = 268;
pub const SSL_R_INVALID_SCT_LIST: i32 = 269;
pub const SSL_R_TOO_MUCH_SKIPPED_EARLY_DATA: i32 = 270;
pub const SSL_R_PSK_IDENTITY_BINDER_COUNT_MISMATCH: i32 = 271;
pub const SSL_R_CANNOT_PARSE_LEAF_CERT: i32 = 272;
pub const SSL_R_SERVER_CERT_CHANGED: i32 = 273;
pub const SSL_R_CERTIFICATE_AND_PRIVATE_KEY_MISMATCH: i32 = 274;
pub const SSL_R_CANNOT_HAVE_BOTH_PRIVKEY_AND_METHOD: i32 = 275;
pub const SSL_R_TICKET_ENCRYPTION_FAILED: i32 = 276;
pub const SSL_R_ALPN_MISMATCH_ON_EARLY_DATA: i32 = 277;
pub const SSL_R_WRONG_VERSION_ON_EARLY_DATA: i32 = 278;
pub const SSL_R_UNEXPECTED_EXTENSION_ON_EARLY_DATA: i32 = 279;
pub const SSL_R_NO_SUPPORTED_VERSIONS_ENABLED: i32 = 280;
pub const SSL_R_APPLICATION_DATA_INSTEAD_OF_HANDSHAKE: i32 = 281;
pub const SSL_R_EMPTY_HELLO_RETRY_REQUEST: i32 = 282;
pub const SSL_R_EARLY_DATA_NOT_IN_USE: i32 = 283;
pub const SSL_R_HANDSHAKE_NOT_COMPLETE: i32 = 284;
pub const SSL_R_NEGOTIATED_TB_WITHOUT_EMS_OR_RI: i32 = 285;
pub const SSL_R_SERVER_ECHOED_INVALID_SESSION_ID: i32 = 286;
pub const SSL_R_PRIVATE_KEY_OPERATION_FAILED: i32 = 287;
pub const SSL_R_SECOND_SERVERHELLO_VERSION_MISMATCH: i32 = 288;
pub const SSL_R_OCSP_CB_ERROR: i32 = 289;
pub const SSL_R_SSL_SESSION_ID_TOO_LONG: i32 = 290;
pub const SSL_R_APPLICATION_DATA_ON_SHUTDOWN: i32 = 291;
pub const SSL_R_CERT_DECOMPRESSION_FAILED: i32 = 292;
pub const SSL_R_UNCOMPRESSED_CERT_TOO_LARGE: i32 = 293;
pub const SSL_R_UNKNOWN_CERT_COMPRESSION_ALG: i32 = 294;
pub const SSL_R_INVALID_SIGNATURE_ALGORITHM: i32 = 295;
pub const SSL_R_DUPLICATE_SIGNATURE_ALGORITHM: i32 = 296;
pub const SSL_R_TLS13_DOWNGRADE: i32 = 297;
pub const SSL_R_QUIC_INTERNAL_ERROR: i32 = 298;
pub const SSL_R_WRONG_ENCRYPTION_LEVEL_RECEIVED: i32 = 299;
pub const SSL_R_TOO_MUCH_READ_EARLY_DATA: i32 = 300;
pub const SSL_R_INVALID_DELEGATED_CREDENTIAL: i32 = 301;
pub const SSL_R_KEY_USAGE_BIT_INCORRECT: i32 = 302;
pub const SSL_R_INCONSISTENT_CLIENT_HELLO: i32 = 303;
pub const SSL_R_CIPHER_MISMATCH_ON_EARLY_DATA: i32 = 304;
pub const SSL_R_QUIC_TRANSPORT_PARAMETERS_MISCONFIGURED: i32 = 305;
pub const SSL_R_UNEXPECTED_COMPATIBILITY_MODE: i32 = 306;
pub const SSL_R_NO_APPLICATION_PROTOCOL: i32 = 307;
pub const SSL_R_NEGOTIATED_ALPS_WITHOUT_ALPN: i32 = 308;
pub const SSL_R_ALPS_MISMATCH_ON_EARLY_DATA: i32 = 309;
pub const SSL_R_ECH_SERVER_CONFIG_AND_PRIVATE_KEY_MISMATCH: i32 = 310;
pub const SSL_R_ECH_SERVER_CONFIG_UNSUPPORTED_EXTENSION: i32 = 311;
pub const SSL_R_UNSUPPORTED_ECH_SERVER_CONFIG: i32 = 312;
pub const SSL_R_ECH_SERVER_WOULD_HAVE_NO_RETRY_CONFIGS: i32 = 313;
pub const SSL_R_INVALID_CLIENT_HELLO_INNER: i32 = 314;
pub const SSL_R_INVALID_ALPN_PROTOCOL_LIST: i32 = 315;
pub const SSL_R_COULD_NOT_PARSE_HINTS: i32 = 316;
pub const SSL_R_INVALID_ECH_PUBLIC_NAME: i32 = 317;
pub const SSL_R_INVALID_ECH_CONFIG_LIST: i32 = 318;
pub const SSL_R_ECH_REJECTED: i32 = 319;
pub const SSL_R_INVALID_OUTER_EXTENSION: i32 = 320;
pub const SSL_R_INCONSISTENT_ECH_NEGOTIATION: i32 = 321;
pub const SSL_R_INVALID_ALPS_CODEPOINT: i32 = 322;
pub const SSL_R_NOT_REPLACING_CERTIFICATE: i32 = 323;
pub const SSL_R_SERIALIZATION_UNSUPPORTED: i32 = 500;
pub const SSL_R_SERIALIZATION_INVALID_SSL: i32 = 501;
pub const SSL_R_SERIALIZATION_INVALID_SSL_CONFIG: i32 = 502;
pub const SSL_R_SERIALIZATION_INVALID_SSL3_STATE: i32 = 503;
pub const SSL_R_SERIALIZATION_INVALID_SSL_BUFFER: i32 = 505;
pub const SSL_R_SERIALIZATION_INVALID_SSL_AEAD_CONTEXT: i32 = 506;
pub const SSL_R_BAD_HYBRID_KEYSHARE: i32 = 507;
pub const SSL_R_BAD_KEM_CIPHERTEXT: i32 = 508;
pub const SSL_R_UNEXPECTED_EOF_WHILE_READING: i32 = 509;
pub const SSL_R_SSLV3_ALERT_CLOSE_NOTIFY: i32 = 1000;
pub const SSL_R_SSLV3_ALERT_UNEXPECTED_MESSAGE: i32 = 1010;
pub const SSL_R_SSLV3_ALERT_BAD_RECORD_MAC: i32 = 1020;
pub const SSL_R_TLSV1_ALERT_DECRYPTION_FAILED: i32 = 1021;
pub const SSL_R_TLSV1_ALERT_RECORD_OVERFLOW: i32 = 1022;
pub const SSL_R_SSLV3_ALERT_DECOMPRESSION_FAILURE: i32 = 1030;
pub const SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE: i32 = 1040;
pub const SSL_R_SSLV3_ALERT_NO_CERTIFICATE: i32 = 1041;
pub const SSL_R_SSLV3_ALERT_BAD_CERTIFICATE: i32 = 1042;
pub const SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: i32 = 1043;
pub const SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: i32 = 1044;
pub const SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: i32 = 1045;
pub const SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: i32 = 1046;
pub const SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER: i32 = 1047;
pub const SSL_R_TLSV1_ALERT_UNKNOWN_CA: i32 = 1048;
pub const SSL_R_TLSV1_ALERT_ACCESS_DENIED: i32 = 1049;
pub const SSL_R_TLSV1_ALERT_DECODE_ERROR: i32 = 1050;
pub const SSL_R_TLSV1_ALERT_DECRYPT_ERROR: i32 = 1051;
pub const SSL_R_TLSV1_ALERT_EXPORT_RESTRICTION: i32 = 1060;
pub const SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: i32 = 1070;
pub const SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY: i32 = 1071;
pub const SSL_R_TLSV1_ALERT_INTERNAL_ERROR: i32 = 1080;
pub const SSL_R_TLSV1_ALERT_INAPPROPRIATE_FALLBACK: i32 = 1086;
pub const SSL_R_TLSV1_ALERT_USER_CANCELLED: i32 = 1090;
pub const SSL_R_TLSV1_ALERT_NO_RENEGOTIATION: i32 = 1100;
pub const SSL_R_TLSV1_ALERT_UNSUPPORTED_EXTENSION: i32 = 1110;
pub const SSL_R_TLSV1_ALERT_CERTIFICATE_UNOBTAINABLE: i32 = 1111;
pub const SSL_R_TLSV1_ALERT_UNRECOGNIZED_NAME: i32 = 1112;
pub const SSL_R_TLSV1_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE: i32 = 1113;
pub const SSL_R_TLSV1_ALERT_BAD_CERTIFICATE_HASH_VALUE: i32 = 1114;
pub const SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY: i32 = 1115;
pub const SSL_R_TLSV1_ALERT_CERTIFICATE_REQUIRED: i32 = 1116;
pub const SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: i32 = 1120;
pub const SSL_R_TLSV1_ALERT_ECH_REQUIRED: i32 = 1121;
pub const SSL_R_SERIALIZATION_INVALID_SERDE_VERSION: i32 = 1122;
pub type SRTP_PROTECTION_PROFILE = srtp_protection_profile_st;
pub type SSL_CLIENT_HELLO = ssl_early_callback_ctx;
pub type SSL_PRIVATE_KEY_METHOD = ssl_private_key_method_st;
pub type SSL_QUIC_METHOD = ssl_quic_method_st;
pub type SSL_TICKET_AEAD_METHOD = ssl_ticket_aead_method_st;
pub type SSL_client_hello_cb_fn = ::core::option::Option<
    unsafe extern "C" fn(
        s: *mut SSL,
        al: *mut ::core::ffi::c_int,
        arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int,
>;
pub const ssl_private_key_result_t_ssl_private_key_success: ssl_private_key_result_t = 0;
pub const ssl_private_key_result_t_ssl_private_key_retry: ssl_private_key_result_t = 1;
pub const ssl_private_key_result_t_ssl_private_key_failure: ssl_private_key_result_t = 2;
pub type ssl_private_key_result_t = ::core::ffi::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct ssl_private_key_method_st {
    pub sign: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            out: *mut u8,
            out_len: *mut usize,
            max_out: usize,
            signature_algorithm: u16,
            in_: *const u8,
            in_len: usize,
        ) -> ssl_private_key_result_t,
    >,
    pub decrypt: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            out: *mut u8,
            out_len: *mut usize,
            max_out: usize,
            in_: *const u8,
            in_len: usize,
        ) -> ssl_private_key_result_t,
    >,
    pub complete: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            out: *mut u8,
            out_len: *mut usize,
            max_out: usize,
        ) -> ssl_private_key_result_t,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ssl_private_key_method_st"]
        [::core::mem::size_of::<ssl_private_key_method_st>() - 24usize];
    ["Alignment of ssl_private_key_method_st"]
        [::core::mem::align_of::<ssl_private_key_method_st>() - 8usize];
    ["Offset of field: ssl_private_key_method_st::sign"]
        [::core::mem::offset_of!(ssl_private_key_method_st, sign) - 0usize];
    ["Offset of field: ssl_private_key_method_st::decrypt"]
        [::core::mem::offset_of!(ssl_private_key_method_st, decrypt) - 8usize];
    ["Offset of field: ssl_private_key_method_st::complete"]
        [::core::mem::offset_of!(ssl_private_key_method_st, complete) - 16usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct stack_st_SSL_CIPHER {
    _unused: [u8; 0],
}
pub type SSL_custom_ext_add_cb = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *mut SSL,
        extension_value: ::core::ffi::c_uint,
        out: *mut *const u8,
        out_len: *mut usize,
        out_alert_value: *mut ::core::ffi::c_int,
        add_arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int,
>;
pub type SSL_custom_ext_free_cb = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *mut SSL,
        extension_value: ::core::ffi::c_uint,
        out: *const u8,
        add_arg: *mut ::core::ffi::c_void,
    ),
>;
pub type SSL_custom_ext_parse_cb = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *mut SSL,
        extension_value: ::core::ffi::c_uint,
        contents: *const u8,
        contents_len: usize,
        out_alert_value: *mut ::core::ffi::c_int,
        parse_arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int,
>;
pub const ssl_ticket_aead_result_t_ssl_ticket_aead_success: ssl_ticket_aead_result_t = 0;
pub const ssl_ticket_aead_result_t_ssl_ticket_aead_retry: ssl_ticket_aead_result_t = 1;
pub const ssl_ticket_aead_result_t_ssl_ticket_aead_ignore_ticket: ssl_ticket_aead_result_t = 2;
pub const ssl_ticket_aead_result_t_ssl_ticket_aead_error: ssl_ticket_aead_result_t = 3;
pub type ssl_ticket_aead_result_t = ::core::ffi::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct ssl_ticket_aead_method_st {
    pub max_overhead: ::core::option::Option<unsafe extern "C" fn(ssl: *mut SSL) -> usize>,
    pub seal: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            out: *mut u8,
            out_len: *mut usize,
            max_out_len: usize,
            in_: *const u8,
            in_len: usize,
        ) -> ::core::ffi::c_int,
    >,
    pub open: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            out: *mut u8,
            out_len: *mut usize,
            max_out_len: usize,
            in_: *const u8,
            in_len: usize,
        ) -> ssl_ticket_aead_result_t,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ssl_ticket_aead_method_st"]
        [::core::mem::size_of::<ssl_ticket_aead_method_st>() - 24usize];
    ["Alignment of ssl_ticket_aead_method_st"]
        [::core::mem::align_of::<ssl_ticket_aead_method_st>() - 8usize];
    ["Offset of field: ssl_ticket_aead_method_st::max_overhead"]
        [::core::mem::offset_of!(ssl_ticket_aead_method_st, max_overhead) - 0usize];
    ["Offset of field: ssl_ticket_aead_method_st::seal"]
        [::core::mem::offset_of!(ssl_ticket_aead_method_st, seal) - 8usize];
    ["Offset of field: ssl_ticket_aead_method_st::open"]
        [::core::mem::offset_of!(ssl_ticket_aead_method_st, open) - 16usize];
};
pub const ssl_verify_result_t_ssl_verify_ok: ssl_verify_result_t = 0;
pub const ssl_verify_result_t_ssl_verify_invalid: ssl_verify_result_t = 1;
pub const ssl_verify_result_t_ssl_verify_retry: ssl_verify_result_t = 2;
pub type ssl_verify_result_t = ::core::ffi::c_uint;
pub type ssl_cert_compression_func_t = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *mut SSL,
        out: *mut CBB,
        in_: *const u8,
        in_len: usize,
    ) -> ::core::ffi::c_int,
>;
pub type ssl_cert_decompression_func_t = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *mut SSL,
        out: *mut *mut CRYPTO_BUFFER,
        uncompressed_len: usize,
        in_: *const u8,
        in_len: usize,
    ) -> ::core::ffi::c_int,
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct srtp_protection_profile_st {
    pub name: *const ::core::ffi::c_char,
    pub id: ::core::ffi::c_ulong,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of srtp_protection_profile_st"]
        [::core::mem::size_of::<srtp_protection_profile_st>() - 16usize];
    ["Alignment of srtp_protection_profile_st"]
        [::core::mem::align_of::<srtp_protection_profile_st>() - 8usize];
    ["Offset of field: srtp_protection_profile_st::name"]
        [::core::mem::offset_of!(srtp_protection_profile_st, name) - 0usize];
    ["Offset of field: srtp_protection_profile_st::id"]
        [::core::mem::offset_of!(srtp_protection_profile_st, id) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct stack_st_SRTP_PROTECTION_PROFILE {
    _unused: [u8; 0],
}
pub type SSL_psk_client_cb_func = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *mut SSL,
        hint: *const ::core::ffi::c_char,
        identity: *mut ::core::ffi::c_char,
        max_identity_len: ::core::ffi::c_uint,
        psk: *mut u8,
        max_psk_len: ::core::ffi::c_uint,
    ) -> ::core::ffi::c_uint,
>;
pub type SSL_psk_server_cb_func = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *mut SSL,
        identity: *const ::core::ffi::c_char,
        psk: *mut u8,
        max_psk_len: ::core::ffi::c_uint,
    ) -> ::core::ffi::c_uint,
>;
pub const ssl_encryption_level_t_ssl_encryption_initial: ssl_encryption_level_t = 0;
pub const ssl_encryption_level_t_ssl_encryption_early_data: ssl_encryption_level_t = 1;
pub const ssl_encryption_level_t_ssl_encryption_handshake: ssl_encryption_level_t = 2;
pub const ssl_encryption_level_t_ssl_encryption_application: ssl_encryption_level_t = 3;
pub type ssl_encryption_level_t = ::core::ffi::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct ssl_quic_method_st {
    pub set_read_secret: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            level: ssl_encryption_level_t,
            cipher: *const SSL_CIPHER,
            secret: *const u8,
            secret_len: usize,
        ) -> ::core::ffi::c_int,
    >,
    pub set_write_secret: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            level: ssl_encryption_level_t,
            cipher: *const SSL_CIPHER,
            secret: *const u8,
            secret_len: usize,
        ) -> ::core::ffi::c_int,
    >,
    pub add_handshake_data: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            level: ssl_encryption_level_t,
            data: *const u8,
            len: usize,
        ) -> ::core::ffi::c_int,
    >,
    pub flush_flight:
        ::core::option::Option<unsafe extern "C" fn(ssl: *mut SSL) -> ::core::ffi::c_int>,
    pub send_alert: ::core::option::Option<
        unsafe extern "C" fn(
            ssl: *mut SSL,
            level: ssl_encryption_level_t,
            alert: u8,
        ) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ssl_quic_method_st"][::core::mem::size_of::<ssl_quic_method_st>() - 40usize];
    ["Alignment of ssl_quic_method_st"][::core::mem::align_of::<ssl_quic_method_st>() - 8usize];
    ["Offset of field: ssl_quic_method_st::set_read_secret"]
        [::core::mem::offset_of!(ssl_quic_method_st, set_read_secret) - 0usize];
    ["Offset of field: ssl_quic_method_st::set_write_secret"]
        [::core::mem::offset_of!(ssl_quic_method_st, set_write_secret) - 8usize];
    ["Offset of field: ssl_quic_method_st::add_handshake_data"]
        [::core::mem::offset_of!(ssl_quic_method_st, add_handshake_data) - 16usize];
    ["Offset of field: ssl_quic_method_st::flush_flight"]
        [::core::mem::offset_of!(ssl_quic_method_st, flush_flight) - 24usize];
    ["Offset of field: ssl_quic_method_st::send_alert"]
        [::core::mem::offset_of!(ssl_quic_method_st, send_alert) - 32usize];
};
pub const ssl_early_data_reason_t_ssl_early_data_unknown: ssl_early_data_reason_t = 0;
pub const ssl_early_data_reason_t_ssl_early_data_disabled: ssl_early_data_reason_t = 1;
pub const ssl_early_data_reason_t_ssl_early_data_accepted: ssl_early_data_reason_t = 2;
pub const ssl_early_data_reason_t_ssl_early_data_protocol_version: ssl_early_data_reason_t = 3;
pub const ssl_early_data_reason_t_ssl_early_data_peer_declined: ssl_early_data_reason_t = 4;
pub const ssl_early_data_reason_t_ssl_early_data_no_session_offered: ssl_early_data_reason_t = 5;
pub const ssl_early_data_reason_t_ssl_early_data_session_not_resumed: ssl_early_data_reason_t = 6;
pub const ssl_early_data_reason_t_ssl_early_data_unsupported_for_session: ssl_early_data_reason_t =
    7;
pub const ssl_early_data_reason_t_ssl_early_data_hello_retry_request: ssl_early_data_reason_t = 8;
pub const ssl_early_data_reason_t_ssl_early_data_alpn_mismatch: ssl_early_data_reason_t = 9;
pub const ssl_early_data_reason_t_ssl_early_data_channel_id: ssl_early_data_reason_t = 10;
pub const ssl_early_data_reason_t_ssl_early_data_ticket_age_skew: ssl_early_data_reason_t = 12;
pub const ssl_early_data_reason_t_ssl_early_data_quic_parameter_mismatch: ssl_early_data_reason_t =
    13;
pub const ssl_early_data_reason_t_ssl_early_data_alps_mismatch: ssl_early_data_reason_t = 14;
pub const ssl_early_data_reason_t_ssl_early_data_unsupported_with_custom_extension:
    ssl_early_data_reason_t = 15;
pub const ssl_early_data_reason_t_ssl_early_data_reason_max_value: ssl_early_data_reason_t = 15;
pub type ssl_early_data_reason_t = ::core::ffi::c_uint;
pub const ssl_renegotiate_mode_t_ssl_renegotiate_never: ssl_renegotiate_mode_t = 0;
pub const ssl_renegotiate_mode_t_ssl_renegotiate_once: ssl_renegotiate_mode_t = 1;
pub const ssl_renegotiate_mode_t_ssl_renegotiate_freely: ssl_renegotiate_mode_t = 2;
pub const ssl_renegotiate_mode_t_ssl_renegotiate_ignore: ssl_renegotiate_mode_t = 3;
pub const ssl_renegotiate_mode_t_ssl_renegotiate_explicit: ssl_renegotiate_mode_t = 4;
pub type ssl_renegotiate_mode_t = ::core::ffi::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct ssl_early_callback_ctx {
    pub ssl: *mut SSL,
    pub client_hello: *const u8,
    pub client_hello_len: usize,
    pub version: u16,
    pub random: *const u8,
    pub random_len: usize,
    pub session_id: *const u8,
    pub session_id_len: usize,
    pub cipher_suites: *const u8,
    pub cipher_suites_len: usize,
    pub compression_methods: *const u8,
    pub compression_methods_len: usize,
    pub extensions: *const u8,
    pub extensions_len: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ssl_early_callback_ctx"][::core::mem::size_of::<ssl_early_callback_ctx>() - 112usize];
    ["Alignment of ssl_early_callback_ctx"]
        [::core::mem::align_of::<ssl_early_callback_ctx>() - 8usize];
    ["Offset of field: ssl_early_callback_ctx::ssl"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, ssl) - 0usize];
    ["Offset of field: ssl_early_callback_ctx::client_hello"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, client_hello) - 8usize];
    ["Offset of field: ssl_early_callback_ctx::client_hello_len"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, client_hello_len) - 16usize];
    ["Offset of field: ssl_early_callback_ctx::version"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, version) - 24usize];
    ["Offset of field: ssl_early_callback_ctx::random"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, random) - 32usize];
    ["Offset of field: ssl_early_callback_ctx::random_len"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, random_len) - 40usize];
    ["Offset of field: ssl_early_callback_ctx::session_id"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, session_id) - 48usize];
    ["Offset of field: ssl_early_callback_ctx::session_id_len"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, session_id_len) - 56usize];
    ["Offset of field: ssl_early_callback_ctx::cipher_suites"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, cipher_suites) - 64usize];
    ["Offset of field: ssl_early_callback_ctx::cipher_suites_len"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, cipher_suites_len) - 72usize];
    ["Offset of field: ssl_early_callback_ctx::compression_methods"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, compression_methods) - 80usize];
    ["Offset of field: ssl_early_callback_ctx::compression_methods_len"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, compression_methods_len) - 88usize];
    ["Offset of field: ssl_early_callback_ctx::extensions"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, extensions) - 96usize];
    ["Offset of field: ssl_early_callback_ctx::extensions_len"]
        [::core::mem::offset_of!(ssl_early_callback_ctx, extensions_len) - 104usize];
};
pub const ssl_select_cert_result_t_ssl_select_cert_success: ssl_select_cert_result_t = 1;
pub const ssl_select_cert_result_t_ssl_select_cert_retry: ssl_select_cert_result_t = 0;
pub const ssl_select_cert_result_t_ssl_select_cert_error: ssl_select_cert_result_t = -1;
pub type ssl_select_cert_result_t = ::core::ffi::c_int;
pub const OSSL_HANDSHAKE_STATE_TLS_ST_OK: OSSL_HANDSHAKE_STATE = 3;
pub const OSSL_HANDSHAKE_STATE_TLS_ST_BEFORE: OSSL_HANDSHAKE_STATE = 12288;
pub type OSSL_HANDSHAKE_STATE = ::core::ffi::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct ssl_conf_ctx_st {
    _unused: [u8; 0],
}
pub type SSL_CONF_CTX = ssl_conf_ctx_st;
pub type COMP_METHOD = ::core::ffi::c_void;
pub type SSL_COMP = ssl_comp_st;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct stack_st_SSL_COMP {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct ssl_comp_st {
    pub id: ::core::ffi::c_int,
    pub name: *const ::core::ffi::c_char,
    pub method: *mut ::core::ffi::c_char,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of ssl_comp_st"][::core::mem::size_of::<ssl_comp_st>() - 24usize];
    ["Alignment of ssl_comp_st"][::core::mem::align_of::<ssl_comp_st>() - 8usize];
    ["Offset of field: ssl_comp_st::id"][::core::mem::offset_of!(ssl_comp_st, id) - 0usize];
    ["Offset of field: ssl_comp_st::name"][::core::mem::offset_of!(ssl_comp_st, name) - 8usize];
    ["Offset of field: ssl_comp_st::method"]
        [::core::mem::offset_of!(ssl_comp_st, method) - 16usize];
};
pub type SSL_security_callback = ::core::option::Option<
    unsafe extern "C" fn(
        ssl: *const SSL,
        ctx: *const SSL_CTX,
        op: ::core::ffi::c_int,
        bits: ::core::ffi::c_int,
        nid: ::core::ffi::c_int,
        other: *mut ::core::ffi::c_void,
        ex: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int,
>;
unsafe extern "C" {
    pub fn TLS_method() -> *const SSL_METHOD;
    pub fn DTLS_method() -> *const SSL_METHOD;
    pub fn TLS_with_buffers_method() -> *const SSL_METHOD;
    pub fn DTLS_with_buffers_method() -> *const SSL_METHOD;
    pub fn SSL_CTX_new(method: *const SSL_METHOD) -> *mut SSL_CTX;
    pub fn SSL_CTX_up_ref(ctx: *mut SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_free(ctx: *mut SSL_CTX);
    pub fn SSL_new(ctx: *mut SSL_CTX) -> *mut SSL;
    pub fn SSL_free(ssl: *mut SSL);
    pub fn SSL_get_SSL_CTX(ssl: *const SSL) -> *mut SSL_CTX;
    pub fn SSL_set_connect_state(ssl: *mut SSL);
    pub fn SSL_set_accept_state(ssl: *mut SSL);
    pub fn SSL_is_server(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_is_dtls(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_bio(ssl: *mut SSL, rbio: *mut BIO, wbio: *mut BIO);
    pub fn SSL_set0_rbio(ssl: *mut SSL, rbio: *mut BIO);
    pub fn SSL_set0_wbio(ssl: *mut SSL, wbio: *mut BIO);
    pub fn SSL_get_rbio(ssl: *const SSL) -> *mut BIO;
    pub fn SSL_get_wbio(ssl: *const SSL) -> *mut BIO;
    pub fn SSL_get_fd(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_rfd(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_wfd(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_fd(ssl: *mut SSL, fd: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_set_rfd(ssl: *mut SSL, fd: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_set_wfd(ssl: *mut SSL, fd: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_do_handshake(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_connect(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_accept(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_read(
        ssl: *mut SSL,
        buf: *mut ::core::ffi::c_void,
        num: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_read_ex(
        ssl: *mut SSL,
        buf: *mut ::core::ffi::c_void,
        num: usize,
        read_bytes: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_peek(
        ssl: *mut SSL,
        buf: *mut ::core::ffi::c_void,
        num: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_peek_ex(
        ssl: *mut SSL,
        buf: *mut ::core::ffi::c_void,
        num: usize,
        read_bytes: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_pending(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_has_pending(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_write(
        ssl: *mut SSL,
        buf: *const ::core::ffi::c_void,
        num: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_write_ex(
        s: *mut SSL,
        buf: *const ::core::ffi::c_void,
        num: usize,
        written: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_key_update(ssl: *mut SSL, request_type: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_get_key_update_type(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_shutdown(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_quiet_shutdown(ctx: *mut SSL_CTX, mode: ::core::ffi::c_int);
    pub fn SSL_CTX_get_quiet_shutdown(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_set_quiet_shutdown(ssl: *mut SSL, mode: ::core::ffi::c_int);
    pub fn SSL_get_quiet_shutdown(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_error(ssl: *const SSL, ret_code: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_error_description(err: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
    pub fn SSL_set_mtu(ssl: *mut SSL, mtu: ::core::ffi::c_uint) -> ::core::ffi::c_int;
    pub fn DTLSv1_set_initial_timeout_duration(ssl: *mut SSL, duration_ms: ::core::ffi::c_uint);
    pub fn DTLSv1_handle_timeout(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_min_proto_version(ctx: *mut SSL_CTX, version: u16) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_max_proto_version(ctx: *mut SSL_CTX, version: u16) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_min_proto_version(ctx: *const SSL_CTX) -> u16;
    pub fn SSL_CTX_get_max_proto_version(ctx: *const SSL_CTX) -> u16;
    pub fn SSL_set_min_proto_version(ssl: *mut SSL, version: u16) -> ::core::ffi::c_int;
    pub fn SSL_set_max_proto_version(ssl: *mut SSL, version: u16) -> ::core::ffi::c_int;
    pub fn SSL_get_min_proto_version(ssl: *const SSL) -> u16;
    pub fn SSL_get_max_proto_version(ssl: *const SSL) -> u16;
    pub fn SSL_version(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_options(ctx: *mut SSL_CTX, options: u32) -> u32;
    pub fn SSL_CTX_clear_options(ctx: *mut SSL_CTX, options: u32) -> u32;
    pub fn SSL_CTX_get_options(ctx: *const SSL_CTX) -> u32;
    pub fn SSL_set_options(ssl: *mut SSL, options: u32) -> u32;
    pub fn SSL_clear_options(ssl: *mut SSL, options: u32) -> u32;
    pub fn SSL_get_options(ssl: *const SSL) -> u32;
    pub fn SSL_CTX_set_mode(ctx: *mut SSL_CTX, mode: u32) -> u32;
    pub fn SSL_CTX_clear_mode(ctx: *mut SSL_CTX, mode: u32) -> u32;
    pub fn SSL_CTX_get_mode(ctx: *const SSL_CTX) -> u32;
    pub fn SSL_set_mode(ssl: *mut SSL, mode: u32) -> u32;
    pub fn SSL_clear_mode(ssl: *mut SSL, mode: u32) -> u32;
    pub fn SSL_get_mode(ssl: *const SSL) -> u32;
    pub fn SSL_CTX_set0_buffer_pool(ctx: *mut SSL_CTX, pool: *mut CRYPTO_BUFFER_POOL);
    pub fn SSL_CTX_use_certificate(ctx: *mut SSL_CTX, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_use_certificate(ssl: *mut SSL, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_PrivateKey(ctx: *mut SSL_CTX, pkey: *mut EVP_PKEY) -> ::core::ffi::c_int;
    pub fn SSL_use_PrivateKey(ssl: *mut SSL, pkey: *mut EVP_PKEY) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set0_chain(ctx: *mut SSL_CTX, chain: *mut stack_st_X509) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_chain(ctx: *mut SSL_CTX, chain: *mut stack_st_X509) -> ::core::ffi::c_int;
    pub fn SSL_set0_chain(ssl: *mut SSL, chain: *mut stack_st_X509) -> ::core::ffi::c_int;
    pub fn SSL_set1_chain(ssl: *mut SSL, chain: *mut stack_st_X509) -> ::core::ffi::c_int;
    pub fn SSL_CTX_add0_chain_cert(ctx: *mut SSL_CTX, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_CTX_add1_chain_cert(ctx: *mut SSL_CTX, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_add0_chain_cert(ssl: *mut SSL, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_CTX_add_extra_chain_cert(ctx: *mut SSL_CTX, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_add1_chain_cert(ssl: *mut SSL, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_CTX_build_cert_chain(
        ctx: *mut SSL_CTX,
        flags: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_build_cert_chain(ssl: *mut SSL, flags: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_CTX_clear_chain_certs(ctx: *mut SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_clear_extra_chain_certs(ctx: *mut SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_clear_chain_certs(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_cert_cb(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    );
    pub fn SSL_set_cert_cb(
        ssl: *mut SSL,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    );
    pub fn SSL_get0_certificate_types(ssl: *const SSL, out_types: *mut *const u8) -> usize;
    pub fn SSL_get0_peer_verify_algorithms(ssl: *const SSL, out_sigalgs: *mut *const u16) -> usize;
    pub fn SSL_get0_peer_delegation_algorithms(
        ssl: *const SSL,
        out_sigalgs: *mut *const u16,
    ) -> usize;
    pub fn SSL_client_hello_get1_extensions_present(
        s: *mut SSL,
        out: *mut *mut ::core::ffi::c_int,
        outlen: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_client_hello_get_extension_order(
        s: *mut SSL,
        exts: *mut u16,
        num_exts: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_client_hello_cb(
        c: *mut SSL_CTX,
        cb: SSL_client_hello_cb_fn,
        arg: *mut ::core::ffi::c_void,
    );
    pub fn SSL_client_hello_isv2(s: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_client_hello_get0_legacy_version(s: *mut SSL) -> ::core::ffi::c_uint;
    pub fn SSL_client_hello_get0_ext(
        s: *mut SSL,
        type_: ::core::ffi::c_uint,
        out: *mut *const ::core::ffi::c_uchar,
        outlen: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_certs_clear(ssl: *mut SSL);
    pub fn SSL_CTX_check_private_key(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_check_private_key(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get0_certificate(ctx: *const SSL_CTX) -> *mut X509;
    pub fn SSL_get_certificate(ssl: *const SSL) -> *mut X509;
    pub fn SSL_CTX_get0_privatekey(ctx: *const SSL_CTX) -> *mut EVP_PKEY;
    pub fn SSL_get_privatekey(ssl: *const SSL) -> *mut EVP_PKEY;
    pub fn SSL_CTX_get0_chain_certs(
        ctx: *const SSL_CTX,
        out_chain: *mut *mut stack_st_X509,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_extra_chain_certs(
        ctx: *const SSL_CTX,
        out_chain: *mut *mut stack_st_X509,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get0_chain_certs(
        ssl: *const SSL,
        out_chain: *mut *mut stack_st_X509,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_signed_cert_timestamp_list(
        ctx: *mut SSL_CTX,
        list: *const u8,
        list_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_signed_cert_timestamp_list(
        ctx: *mut SSL,
        list: *const u8,
        list_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_ocsp_response(
        ctx: *mut SSL_CTX,
        response: *const u8,
        response_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_ocsp_response(
        ssl: *mut SSL,
        response: *const u8,
        response_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_signature_algorithm_name(
        sigalg: u16,
        include_curve: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn SSL_get_all_signature_algorithm_names(
        out: *mut *const ::core::ffi::c_char,
        max_out: usize,
    ) -> usize;
    pub fn SSL_get_signature_algorithm_key_type(sigalg: u16) -> ::core::ffi::c_int;
    pub fn SSL_get_signature_algorithm_digest(sigalg: u16) -> *const EVP_MD;
    pub fn SSL_is_signature_algorithm_rsa_pss(sigalg: u16) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_signing_algorithm_prefs(
        ctx: *mut SSL_CTX,
        prefs: *const u16,
        num_prefs: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_signing_algorithm_prefs(
        ssl: *mut SSL,
        prefs: *const u16,
        num_prefs: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_cert_and_key(
        ctx: *mut SSL_CTX,
        x509: *mut X509,
        privatekey: *mut EVP_PKEY,
        chain: *mut stack_st_X509,
        override_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_cert_and_key(
        ssl: *mut SSL,
        x509: *mut X509,
        privatekey: *mut EVP_PKEY,
        chain: *mut stack_st_X509,
        override_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_chain_and_key(
        ctx: *mut SSL_CTX,
        certs: *const *mut CRYPTO_BUFFER,
        num_certs: usize,
        privkey: *mut EVP_PKEY,
        privkey_method: *const SSL_PRIVATE_KEY_METHOD,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_chain_and_key(
        ssl: *mut SSL,
        certs: *const *mut CRYPTO_BUFFER,
        num_certs: usize,
        privkey: *mut EVP_PKEY,
        privkey_method: *const SSL_PRIVATE_KEY_METHOD,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get0_chain(ctx: *const SSL_CTX) -> *const stack_st_CRYPTO_BUFFER;
    pub fn SSL_CTX_use_RSAPrivateKey(ctx: *mut SSL_CTX, rsa: *mut RSA) -> ::core::ffi::c_int;
    pub fn SSL_use_RSAPrivateKey(ssl: *mut SSL, rsa: *mut RSA) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_certificate_ASN1(
        ctx: *mut SSL_CTX,
        der_len: usize,
        der: *const u8,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_certificate_ASN1(
        ssl: *mut SSL,
        der: *const u8,
        der_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_PrivateKey_ASN1(
        pk: ::core::ffi::c_int,
        ctx: *mut SSL_CTX,
        der: *const u8,
        der_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_PrivateKey_ASN1(
        type_: ::core::ffi::c_int,
        ssl: *mut SSL,
        der: *const u8,
        der_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_RSAPrivateKey_ASN1(
        ctx: *mut SSL_CTX,
        der: *const u8,
        der_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_RSAPrivateKey_ASN1(
        ssl: *mut SSL,
        der: *const u8,
        der_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_RSAPrivateKey_file(
        ctx: *mut SSL_CTX,
        file: *const ::core::ffi::c_char,
        type_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_RSAPrivateKey_file(
        ssl: *mut SSL,
        file: *const ::core::ffi::c_char,
        type_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_certificate_file(
        ctx: *mut SSL_CTX,
        file: *const ::core::ffi::c_char,
        type_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_certificate_file(
        ssl: *mut SSL,
        file: *const ::core::ffi::c_char,
        type_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_PrivateKey_file(
        ctx: *mut SSL_CTX,
        file: *const ::core::ffi::c_char,
        type_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_PrivateKey_file(
        ssl: *mut SSL,
        file: *const ::core::ffi::c_char,
        type_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_use_certificate_chain_file(
        ctx: *mut SSL_CTX,
        file: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_certificate_chain_file(
        ssl: *mut SSL,
        file: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_default_passwd_cb(ctx: *mut SSL_CTX, cb: pem_password_cb);
    pub fn SSL_CTX_get_default_passwd_cb(ctx: *const SSL_CTX) -> pem_password_cb;
    pub fn SSL_CTX_set_default_passwd_cb_userdata(
        ctx: *mut SSL_CTX,
        data: *mut ::core::ffi::c_void,
    );
    pub fn SSL_CTX_get_default_passwd_cb_userdata(ctx: *const SSL_CTX) -> *mut ::core::ffi::c_void;
    pub fn SSL_set_private_key_method(ssl: *mut SSL, key_method: *const SSL_PRIVATE_KEY_METHOD);
    pub fn SSL_CTX_set_private_key_method(
        ctx: *mut SSL_CTX,
        key_method: *const SSL_PRIVATE_KEY_METHOD,
    );
    pub fn SSL_can_release_private_key(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_cipher_by_value(value: u16) -> *const SSL_CIPHER;
    pub fn SSL_CIPHER_find(ssl: *mut SSL, ptr: *const ::core::ffi::c_uchar) -> *const SSL_CIPHER;
    pub fn SSL_CIPHER_get_id(cipher: *const SSL_CIPHER) -> u32;
    pub fn SSL_CIPHER_get_protocol_id(cipher: *const SSL_CIPHER) -> u16;
    pub fn SSL_CIPHER_is_aead(cipher: *const SSL_CIPHER) -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_is_block_cipher(cipher: *const SSL_CIPHER) -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_get_cipher_nid(cipher: *const SSL_CIPHER) -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_get_digest_nid(cipher: *const SSL_CIPHER) -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_get_kx_nid(cipher: *const SSL_CIPHER) -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_get_auth_nid(cipher: *const SSL_CIPHER) -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_get_handshake_digest(cipher: *const SSL_CIPHER) -> *const EVP_MD;
    pub fn SSL_CIPHER_get_prf_nid(cipher: *const SSL_CIPHER) -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_get_min_version(cipher: *const SSL_CIPHER) -> u16;
    pub fn SSL_CIPHER_get_max_version(cipher: *const SSL_CIPHER) -> u16;
    pub fn SSL_CIPHER_standard_name(cipher: *const SSL_CIPHER) -> *const ::core::ffi::c_char;
    pub fn SSL_CIPHER_get_name(cipher: *const SSL_CIPHER) -> *const ::core::ffi::c_char;
    pub fn SSL_CIPHER_get_kx_name(cipher: *const SSL_CIPHER) -> *const ::core::ffi::c_char;
    pub fn SSL_CIPHER_get_bits(
        cipher: *const SSL_CIPHER,
        out_alg_bits: *mut ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_all_cipher_names(out: *mut *const ::core::ffi::c_char, max_out: usize) -> usize;
    pub fn SSL_get_all_standard_cipher_names(
        out: *mut *const ::core::ffi::c_char,
        max_out: usize,
    ) -> usize;
    pub fn SSL_CTX_set_strict_cipher_list(
        ctx: *mut SSL_CTX,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_cipher_list(
        ctx: *mut SSL_CTX,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_strict_cipher_list(
        ssl: *mut SSL,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_ciphersuites(
        ctx: *mut SSL_CTX,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_ciphersuites(
        ssl: *mut SSL,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_cipher_list(
        ssl: *mut SSL,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_ciphers(ctx: *const SSL_CTX) -> *mut stack_st_SSL_CIPHER;
    pub fn SSL_CTX_cipher_in_group(ctx: *const SSL_CTX, i: usize) -> ::core::ffi::c_int;
    pub fn SSL_get_ciphers(ssl: *const SSL) -> *mut stack_st_SSL_CIPHER;
    pub fn SSL_in_connect_init(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_in_accept_init(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_is_init_finished(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_in_init(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_in_false_start(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get0_peer_certificate(ssl: *const SSL) -> *mut X509;
    pub fn SSL_get1_peer_certificate(ssl: *const SSL) -> *mut X509;
    pub fn SSL_get_peer_certificate(ssl: *const SSL) -> *mut X509;
    pub fn SSL_get_peer_cert_chain(ssl: *const SSL) -> *mut stack_st_X509;
    pub fn SSL_get_peer_full_cert_chain(ssl: *const SSL) -> *mut stack_st_X509;
    pub fn SSL_get0_verified_chain(ssl: *const SSL) -> *mut stack_st_X509;
    pub fn SSL_get0_peer_certificates(ssl: *const SSL) -> *const stack_st_CRYPTO_BUFFER;
    pub fn SSL_get0_signed_cert_timestamp_list(
        ssl: *const SSL,
        out: *mut *const u8,
        out_len: *mut usize,
    );
    pub fn SSL_get0_ocsp_response(ssl: *const SSL, out: *mut *const u8, out_len: *mut usize);
    pub fn SSL_get_tls_unique(
        ssl: *const SSL,
        out: *mut u8,
        out_len: *mut usize,
        max_out: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_extms_support(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_current_cipher(ssl: *const SSL) -> *const SSL_CIPHER;
    pub fn SSL_get_client_ciphers(ssl: *const SSL) -> *mut stack_st_SSL_CIPHER;
    pub fn SSL_client_hello_get0_ciphers(
        ssl: *mut SSL,
        out: *mut *const ::core::ffi::c_uchar,
    ) -> usize;
    pub fn SSL_session_reused(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_secure_renegotiation_support(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_export_keying_material(
        ssl: *mut SSL,
        out: *mut u8,
        out_len: usize,
        label: *const ::core::ffi::c_char,
        label_len: usize,
        context: *const u8,
        context_len: usize,
        use_context: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_extension_supported(extension_value: ::core::ffi::c_uint) -> ::core::ffi::c_int;
    pub fn SSL_CTX_add_client_custom_ext(
        ctx: *mut SSL_CTX,
        extension_value: ::core::ffi::c_uint,
        add_cb: SSL_custom_ext_add_cb,
        free_cb: SSL_custom_ext_free_cb,
        add_arg: *mut ::core::ffi::c_void,
        parse_cb: SSL_custom_ext_parse_cb,
        parse_arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_add_server_custom_ext(
        ctx: *mut SSL_CTX,
        extension_value: ::core::ffi::c_uint,
        add_cb: SSL_custom_ext_add_cb,
        free_cb: SSL_custom_ext_free_cb,
        add_arg: *mut ::core::ffi::c_void,
        parse_cb: SSL_custom_ext_parse_cb,
        parse_arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn PEM_read_bio_SSL_SESSION(
        bp: *mut BIO,
        x: *mut *mut SSL_SESSION,
        cb: pem_password_cb,
        u: *mut ::core::ffi::c_void,
    ) -> *mut SSL_SESSION;
    pub fn PEM_read_SSL_SESSION(
        fp: *mut FILE,
        x: *mut *mut SSL_SESSION,
        cb: pem_password_cb,
        u: *mut ::core::ffi::c_void,
    ) -> *mut SSL_SESSION;
    pub fn PEM_write_bio_SSL_SESSION(bp: *mut BIO, x: *mut SSL_SESSION) -> ::core::ffi::c_int;
    pub fn PEM_write_SSL_SESSION(fp: *mut FILE, x: *mut SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_new(ctx: *const SSL_CTX) -> *mut SSL_SESSION;
    pub fn SSL_SESSION_up_ref(session: *mut SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_free(session: *mut SSL_SESSION);
    pub fn SSL_SESSION_to_bytes(
        in_: *const SSL_SESSION,
        out_data: *mut *mut u8,
        out_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_to_bytes_for_ticket(
        in_: *const SSL_SESSION,
        out_data: *mut *mut u8,
        out_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_from_bytes(
        in_: *const u8,
        in_len: usize,
        ctx: *const SSL_CTX,
    ) -> *mut SSL_SESSION;
    pub fn SSL_SESSION_get_version(session: *const SSL_SESSION) -> *const ::core::ffi::c_char;
    pub fn SSL_SESSION_get_protocol_version(session: *const SSL_SESSION) -> u16;
    pub fn SSL_SESSION_set_protocol_version(
        session: *mut SSL_SESSION,
        version: u16,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_get_id(
        session: *const SSL_SESSION,
        out_len: *mut ::core::ffi::c_uint,
    ) -> *const u8;
    pub fn SSL_SESSION_set1_id(
        session: *mut SSL_SESSION,
        sid: *const u8,
        sid_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_get_time(session: *const SSL_SESSION) -> u64;
    pub fn SSL_SESSION_get_timeout(session: *const SSL_SESSION) -> u32;
    pub fn SSL_SESSION_get0_peer(session: *const SSL_SESSION) -> *mut X509;
    pub fn SSL_SESSION_get0_peer_certificates(
        session: *const SSL_SESSION,
    ) -> *const stack_st_CRYPTO_BUFFER;
    pub fn SSL_SESSION_get0_signed_cert_timestamp_list(
        session: *const SSL_SESSION,
        out: *mut *const u8,
        out_len: *mut usize,
    );
    pub fn SSL_SESSION_get0_ocsp_response(
        session: *const SSL_SESSION,
        out: *mut *const u8,
        out_len: *mut usize,
    );
    pub fn SSL_SESSION_get_master_key(
        session: *const SSL_SESSION,
        out: *mut u8,
        max_out: usize,
    ) -> usize;
    pub fn SSL_SESSION_set_time(session: *mut SSL_SESSION, time: u64) -> u64;
    pub fn SSL_SESSION_set_timeout(session: *mut SSL_SESSION, timeout: u32) -> u32;
    pub fn SSL_SESSION_get0_id_context(
        session: *const SSL_SESSION,
        out_len: *mut ::core::ffi::c_uint,
    ) -> *const u8;
    pub fn SSL_SESSION_set1_id_context(
        session: *mut SSL_SESSION,
        sid_ctx: *const u8,
        sid_ctx_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_should_be_single_use(session: *const SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_is_resumable(session: *const SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_has_ticket(session: *const SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_get0_ticket(
        session: *const SSL_SESSION,
        out_ticket: *mut *const u8,
        out_len: *mut usize,
    );
    pub fn SSL_SESSION_set_ticket(
        session: *mut SSL_SESSION,
        ticket: *const u8,
        ticket_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_get_ticket_lifetime_hint(session: *const SSL_SESSION) -> u32;
    pub fn SSL_SESSION_get0_cipher(session: *const SSL_SESSION) -> *const SSL_CIPHER;
    pub fn SSL_SESSION_has_peer_sha256(session: *const SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_get0_peer_sha256(
        session: *const SSL_SESSION,
        out_ptr: *mut *const u8,
        out_len: *mut usize,
    );
    pub fn SSL_CTX_set_session_cache_mode(
        ctx: *mut SSL_CTX,
        mode: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_session_cache_mode(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_set_session(ssl: *mut SSL, session: *mut SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_timeout(ctx: *mut SSL_CTX, timeout: u32) -> u32;
    pub fn SSL_CTX_set_session_psk_dhe_timeout(ctx: *mut SSL_CTX, timeout: u32);
    pub fn SSL_CTX_get_timeout(ctx: *const SSL_CTX) -> u32;
    pub fn SSL_CTX_set_session_id_context(
        ctx: *mut SSL_CTX,
        sid_ctx: *const u8,
        sid_ctx_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_session_id_context(
        ssl: *mut SSL,
        sid_ctx: *const u8,
        sid_ctx_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get0_session_id_context(ssl: *const SSL, out_len: *mut usize) -> *const u8;
    pub fn SSL_CTX_sess_set_cache_size(
        ctx: *mut SSL_CTX,
        size: ::core::ffi::c_ulong,
    ) -> ::core::ffi::c_ulong;
    pub fn SSL_CTX_sess_get_cache_size(ctx: *const SSL_CTX) -> ::core::ffi::c_ulong;
    pub fn SSL_CTX_sess_number(ctx: *const SSL_CTX) -> usize;
    pub fn SSL_CTX_add_session(ctx: *mut SSL_CTX, session: *mut SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_CTX_remove_session(
        ctx: *mut SSL_CTX,
        session: *mut SSL_SESSION,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_flush_sessions(ctx: *mut SSL_CTX, time: u64);
    pub fn SSL_CTX_sess_set_new_cb(
        ctx: *mut SSL_CTX,
        new_session_cb: ::core::option::Option<
            unsafe extern "C" fn(ssl: *mut SSL, session: *mut SSL_SESSION) -> ::core::ffi::c_int,
        >,
    );
    pub fn SSL_CTX_sess_get_new_cb(
        ctx: *mut SSL_CTX,
    ) -> ::core::option::Option<
        unsafe extern "C" fn(ctx: *mut SSL, arg1: *mut SSL_SESSION) -> ::core::ffi::c_int,
    >;
    pub fn SSL_CTX_sess_set_remove_cb(
        ctx: *mut SSL_CTX,
        remove_session_cb: ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut SSL_CTX, session: *mut SSL_SESSION),
        >,
    );
    pub fn SSL_CTX_sess_get_remove_cb(
        ctx: *mut SSL_CTX,
    ) -> ::core::option::Option<unsafe extern "C" fn(ctx: *mut SSL_CTX, arg1: *mut SSL_SESSION)>;
    pub fn SSL_CTX_sess_set_get_cb(
        ctx: *mut SSL_CTX,
        get_session_cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                id: *const u8,
                id_len: ::core::ffi::c_int,
                out_copy: *mut ::core::ffi::c_int,
            ) -> *mut SSL_SESSION,
        >,
    );
    pub fn SSL_CTX_sess_get_get_cb(
        ctx: *mut SSL_CTX,
    ) -> ::core::option::Option<
        unsafe extern "C" fn(
            ctx: *mut SSL,
            arg1: *const u8,
            arg2: ::core::ffi::c_int,
            arg3: *mut ::core::ffi::c_int,
        ) -> *mut SSL_SESSION,
    >;
    pub fn SSL_magic_pending_session_ptr() -> *mut SSL_SESSION;
    pub fn SSL_CTX_get_tlsext_ticket_keys(
        ctx: *mut SSL_CTX,
        out: *mut ::core::ffi::c_void,
        len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tlsext_ticket_keys(
        ctx: *mut SSL_CTX,
        in_: *const ::core::ffi::c_void,
        len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tlsext_ticket_key_cb(
        ctx: *mut SSL_CTX,
        callback: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                key_name: *mut u8,
                iv: *mut u8,
                ctx: *mut EVP_CIPHER_CTX,
                hmac_ctx: *mut HMAC_CTX,
                encrypt: ::core::ffi::c_int,
            ) -> ::core::ffi::c_int,
        >,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_ticket_aead_method(
        ctx: *mut SSL_CTX,
        aead_method: *const SSL_TICKET_AEAD_METHOD,
    );
    pub fn SSL_process_tls13_new_session_ticket(
        ssl: *mut SSL,
        buf: *const u8,
        buf_len: usize,
    ) -> *mut SSL_SESSION;
    pub fn SSL_CTX_set_num_tickets(ctx: *mut SSL_CTX, num_tickets: usize) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_num_tickets(ctx: *const SSL_CTX) -> usize;
    pub fn SSL_CTX_set1_groups(
        ctx: *mut SSL_CTX,
        groups: *const ::core::ffi::c_int,
        num_groups: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_groups(
        ssl: *mut SSL,
        groups: *const ::core::ffi::c_int,
        num_groups: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_group_ids(
        ctx: *mut SSL_CTX,
        group_ids: *const u16,
        num_group_ids: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_group_ids(
        ssl: *mut SSL,
        group_ids: *const u16,
        num_group_ids: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_groups_list(
        ctx: *mut SSL_CTX,
        groups: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_groups_list(
        ssl: *mut SSL,
        groups: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_negotiated_group(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_group_id(ssl: *const SSL) -> u16;
    pub fn SSL_get_group_name(group_id: u16) -> *const ::core::ffi::c_char;
    pub fn SSL_get_peer_tmp_key(ssl: *mut SSL, out_key: *mut *mut EVP_PKEY) -> ::core::ffi::c_int;
    pub fn SSL_get_server_tmp_key(ssl: *mut SSL, out_key: *mut *mut EVP_PKEY)
    -> ::core::ffi::c_int;
    pub fn SSL_to_bytes(
        in_: *const SSL,
        out_data: *mut *mut u8,
        out_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_from_bytes(in_: *const u8, in_len: usize, ctx: *mut SSL_CTX) -> *mut SSL;
    pub fn SSL_get_all_group_names(out: *mut *const ::core::ffi::c_char, max_out: usize) -> usize;
    pub fn SSL_CTX_set_verify(
        ctx: *mut SSL_CTX,
        mode: ::core::ffi::c_int,
        callback: ::core::option::Option<
            unsafe extern "C" fn(
                ok: ::core::ffi::c_int,
                store_ctx: *mut X509_STORE_CTX,
            ) -> ::core::ffi::c_int,
        >,
    );
    pub fn SSL_set_verify(
        ssl: *mut SSL,
        mode: ::core::ffi::c_int,
        callback: ::core::option::Option<
            unsafe extern "C" fn(
                ok: ::core::ffi::c_int,
                store_ctx: *mut X509_STORE_CTX,
            ) -> ::core::ffi::c_int,
        >,
    );
    pub fn SSL_CTX_set_custom_verify(
        ctx: *mut SSL_CTX,
        mode: ::core::ffi::c_int,
        callback: ::core::option::Option<
            unsafe extern "C" fn(ssl: *mut SSL, out_alert: *mut u8) -> ssl_verify_result_t,
        >,
    );
    pub fn SSL_set_custom_verify(
        ssl: *mut SSL,
        mode: ::core::ffi::c_int,
        callback: ::core::option::Option<
            unsafe extern "C" fn(ssl: *mut SSL, out_alert: *mut u8) -> ssl_verify_result_t,
        >,
    );
    pub fn SSL_CTX_get_verify_mode(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_get_verify_mode(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_verify_callback(
        ctx: *const SSL_CTX,
    ) -> ::core::option::Option<
        unsafe extern "C" fn(
            ctx: ::core::ffi::c_int,
            arg1: *mut X509_STORE_CTX,
        ) -> ::core::ffi::c_int,
    >;
    pub fn SSL_get_verify_callback(
        ssl: *const SSL,
    ) -> ::core::option::Option<
        unsafe extern "C" fn(
            ssl: ::core::ffi::c_int,
            arg1: *mut X509_STORE_CTX,
        ) -> ::core::ffi::c_int,
    >;
    pub fn SSL_set1_host(ssl: *mut SSL, hostname: *const ::core::ffi::c_char)
    -> ::core::ffi::c_int;
    pub fn SSL_set_hostflags(ssl: *mut SSL, flags: ::core::ffi::c_uint);
    pub fn SSL_CTX_set_verify_depth(ctx: *mut SSL_CTX, depth: ::core::ffi::c_int);
    pub fn SSL_set_verify_depth(ssl: *mut SSL, depth: ::core::ffi::c_int);
    pub fn SSL_CTX_get_verify_depth(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_get_verify_depth(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_param(
        ctx: *mut SSL_CTX,
        param: *const X509_VERIFY_PARAM,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_param(ssl: *mut SSL, param: *const X509_VERIFY_PARAM) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get0_param(ctx: *mut SSL_CTX) -> *mut X509_VERIFY_PARAM;
    pub fn SSL_get0_param(ssl: *mut SSL) -> *mut X509_VERIFY_PARAM;
    pub fn SSL_CTX_set_purpose(
        ctx: *mut SSL_CTX,
        purpose: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_purpose(ssl: *mut SSL, purpose: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_trust(ctx: *mut SSL_CTX, trust: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_set_trust(ssl: *mut SSL, trust: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_cert_store(ctx: *mut SSL_CTX, store: *mut X509_STORE);
    pub fn SSL_CTX_set1_cert_store(ctx: *mut SSL_CTX, store: *mut X509_STORE);
    pub fn SSL_CTX_get_cert_store(ctx: *const SSL_CTX) -> *mut X509_STORE;
    pub fn SSL_CTX_set_default_verify_paths(ctx: *mut SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_load_verify_locations(
        ctx: *mut SSL_CTX,
        ca_file: *const ::core::ffi::c_char,
        ca_dir: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_verify_result(ssl: *const SSL) -> ::core::ffi::c_long;
    pub fn SSL_set_verify_result(ssl: *mut SSL, arg: ::core::ffi::c_long);
    pub fn SSL_alert_from_verify_result(result: ::core::ffi::c_long) -> ::core::ffi::c_int;
    pub fn SSL_get_ex_data_X509_STORE_CTX_idx() -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_cert_verify_callback(
        ctx: *mut SSL_CTX,
        callback: ::core::option::Option<
            unsafe extern "C" fn(
                store_ctx: *mut X509_STORE_CTX,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    );
    pub fn SSL_enable_signed_cert_timestamps(ssl: *mut SSL);
    pub fn SSL_CTX_enable_signed_cert_timestamps(ctx: *mut SSL_CTX);
    pub fn SSL_enable_ocsp_stapling(ssl: *mut SSL);
    pub fn SSL_CTX_enable_ocsp_stapling(ctx: *mut SSL_CTX);
    pub fn SSL_CTX_set0_verify_cert_store(
        ctx: *mut SSL_CTX,
        store: *mut X509_STORE,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_verify_cert_store(
        ctx: *mut SSL_CTX,
        store: *mut X509_STORE,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set0_verify_cert_store(ssl: *mut SSL, store: *mut X509_STORE) -> ::core::ffi::c_int;
    pub fn SSL_set1_verify_cert_store(ssl: *mut SSL, store: *mut X509_STORE) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_verify_algorithm_prefs(
        ctx: *mut SSL_CTX,
        prefs: *const u16,
        num_prefs: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_verify_algorithm_prefs(
        ssl: *mut SSL,
        prefs: *const u16,
        num_prefs: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_client_CA_list(ssl: *mut SSL, name_list: *mut stack_st_X509_NAME);
    pub fn SSL_CTX_set_client_CA_list(ctx: *mut SSL_CTX, name_list: *mut stack_st_X509_NAME);
    pub fn SSL_set0_client_CAs(ssl: *mut SSL, name_list: *mut stack_st_CRYPTO_BUFFER);
    pub fn SSL_CTX_set0_client_CAs(ctx: *mut SSL_CTX, name_list: *mut stack_st_CRYPTO_BUFFER);
    pub fn SSL_get_client_CA_list(ssl: *const SSL) -> *mut stack_st_X509_NAME;
    pub fn SSL_get0_server_requested_CAs(ssl: *const SSL) -> *const stack_st_CRYPTO_BUFFER;
    pub fn SSL_CTX_get_client_CA_list(ctx: *const SSL_CTX) -> *mut stack_st_X509_NAME;
    pub fn SSL_add_client_CA(ssl: *mut SSL, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_CTX_add_client_CA(ctx: *mut SSL_CTX, x509: *mut X509) -> ::core::ffi::c_int;
    pub fn SSL_load_client_CA_file(file: *const ::core::ffi::c_char) -> *mut stack_st_X509_NAME;
    pub fn SSL_dup_CA_list(list: *mut stack_st_X509_NAME) -> *mut stack_st_X509_NAME;
    pub fn SSL_add_file_cert_subjects_to_stack(
        out: *mut stack_st_X509_NAME,
        file: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_add_bio_cert_subjects_to_stack(
        out: *mut stack_st_X509_NAME,
        bio: *mut BIO,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_tlsext_host_name(
        ssl: *mut SSL,
        name: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_servername(
        ssl: *const SSL,
        type_: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn SSL_get_servername_type(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tlsext_servername_callback(
        ctx: *mut SSL_CTX,
        callback: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                out_alert: *mut ::core::ffi::c_int,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tlsext_servername_arg(
        ctx: *mut SSL_CTX,
        arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_SSL_CTX(ssl: *mut SSL, ctx: *mut SSL_CTX) -> *mut SSL_CTX;
    pub fn SSL_CTX_set_alpn_protos(
        ctx: *mut SSL_CTX,
        protos: *const u8,
        protos_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_alpn_protos(
        ssl: *mut SSL,
        protos: *const u8,
        protos_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_alpn_select_cb(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                out: *mut *const u8,
                out_len: *mut u8,
                in_: *const u8,
                in_len: ::core::ffi::c_uint,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    );
    pub fn SSL_get0_alpn_selected(
        ssl: *const SSL,
        out_data: *mut *const u8,
        out_len: *mut ::core::ffi::c_uint,
    );
    pub fn SSL_CTX_set_allow_unknown_alpn_protos(ctx: *mut SSL_CTX, enabled: ::core::ffi::c_int);
    pub fn SSL_add_application_settings(
        ssl: *mut SSL,
        proto: *const u8,
        proto_len: usize,
        settings: *const u8,
        settings_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get0_peer_application_settings(
        ssl: *const SSL,
        out_data: *mut *const u8,
        out_len: *mut usize,
    );
    pub fn SSL_has_application_settings(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_alps_use_new_codepoint(ssl: *mut SSL, use_new: ::core::ffi::c_int);
    pub fn SSL_CTX_add_cert_compression_alg(
        ctx: *mut SSL_CTX,
        alg_id: u16,
        compress: ssl_cert_compression_func_t,
        decompress: ssl_cert_decompression_func_t,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_next_protos_advertised_cb(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                out: *mut *const u8,
                out_len: *mut ::core::ffi::c_uint,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    );
    pub fn SSL_CTX_set_next_proto_select_cb(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                out: *mut *mut u8,
                out_len: *mut u8,
                in_: *const u8,
                in_len: ::core::ffi::c_uint,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    );
    pub fn SSL_get0_next_proto_negotiated(
        ssl: *const SSL,
        out_data: *mut *const u8,
        out_len: *mut ::core::ffi::c_uint,
    );
    pub fn SSL_select_next_proto(
        out: *mut *mut u8,
        out_len: *mut u8,
        peer: *const u8,
        peer_len: ::core::ffi::c_uint,
        supported: *const u8,
        supported_len: ::core::ffi::c_uint,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tls_channel_id_enabled(ctx: *mut SSL_CTX, enabled: ::core::ffi::c_int);
    pub fn SSL_set_tls_channel_id_enabled(ssl: *mut SSL, enabled: ::core::ffi::c_int);
    pub fn SSL_CTX_set1_tls_channel_id(
        ctx: *mut SSL_CTX,
        private_key: *mut EVP_PKEY,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_tls_channel_id(ssl: *mut SSL, private_key: *mut EVP_PKEY)
    -> ::core::ffi::c_int;
    pub fn SSL_get_tls_channel_id(ssl: *mut SSL, out: *mut u8, max_out: usize) -> usize;
    pub fn SSL_CTX_set_srtp_profiles(
        ctx: *mut SSL_CTX,
        profiles: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_srtp_profiles(
        ssl: *mut SSL,
        profiles: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_srtp_profiles(ssl: *const SSL) -> *const stack_st_SRTP_PROTECTION_PROFILE;
    pub fn SSL_get_selected_srtp_profile(ssl: *mut SSL) -> *const SRTP_PROTECTION_PROFILE;
    pub fn SSL_CTX_set_psk_client_callback(ctx: *mut SSL_CTX, cb: SSL_psk_client_cb_func);
    pub fn SSL_set_psk_client_callback(ssl: *mut SSL, cb: SSL_psk_client_cb_func);
    pub fn SSL_CTX_set_psk_server_callback(ctx: *mut SSL_CTX, cb: SSL_psk_server_cb_func);
    pub fn SSL_set_psk_server_callback(ssl: *mut SSL, cb: SSL_psk_server_cb_func);
    pub fn SSL_CTX_use_psk_identity_hint(
        ctx: *mut SSL_CTX,
        identity_hint: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_use_psk_identity_hint(
        ssl: *mut SSL,
        identity_hint: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_psk_identity_hint(ssl: *const SSL) -> *const ::core::ffi::c_char;
    pub fn SSL_get_psk_identity(ssl: *const SSL) -> *const ::core::ffi::c_char;
    pub fn SSL_set1_delegated_credential(
        ssl: *mut SSL,
        dc: *mut CRYPTO_BUFFER,
        pkey: *mut EVP_PKEY,
        key_method: *const SSL_PRIVATE_KEY_METHOD,
    ) -> ::core::ffi::c_int;
    pub fn SSL_delegated_credential_used(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_quic_max_handshake_flight_len(
        ssl: *const SSL,
        level: ssl_encryption_level_t,
    ) -> usize;
    pub fn SSL_quic_read_level(ssl: *const SSL) -> ssl_encryption_level_t;
    pub fn SSL_quic_write_level(ssl: *const SSL) -> ssl_encryption_level_t;
    pub fn SSL_provide_quic_data(
        ssl: *mut SSL,
        level: ssl_encryption_level_t,
        data: *const u8,
        len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_process_quic_post_handshake(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_quic_method(
        ctx: *mut SSL_CTX,
        quic_method: *const SSL_QUIC_METHOD,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_quic_method(
        ssl: *mut SSL,
        quic_method: *const SSL_QUIC_METHOD,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_quic_transport_params(
        ssl: *mut SSL,
        params: *const u8,
        params_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_peer_quic_transport_params(
        ssl: *const SSL,
        out_params: *mut *const u8,
        out_params_len: *mut usize,
    );
    pub fn SSL_set_quic_use_legacy_codepoint(ssl: *mut SSL, use_legacy: ::core::ffi::c_int);
    pub fn SSL_set_quic_early_data_context(
        ssl: *mut SSL,
        context: *const u8,
        context_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_early_data_enabled(ctx: *mut SSL_CTX, enabled: ::core::ffi::c_int);
    pub fn SSL_set_early_data_enabled(ssl: *mut SSL, enabled: ::core::ffi::c_int);
    pub fn SSL_in_early_data(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_early_data_capable(session: *const SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_copy_without_early_data(session: *mut SSL_SESSION) -> *mut SSL_SESSION;
    pub fn SSL_early_data_accepted(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_reset_early_data_reject(ssl: *mut SSL);
    pub fn SSL_get_ticket_age_skew(ssl: *const SSL) -> i32;
    pub fn SSL_get_early_data_reason(ssl: *const SSL) -> ssl_early_data_reason_t;
    pub fn SSL_early_data_reason_string(
        reason: ssl_early_data_reason_t,
    ) -> *const ::core::ffi::c_char;
    pub fn SSL_set_enable_ech_grease(ssl: *mut SSL, enable: ::core::ffi::c_int);
    pub fn SSL_set1_ech_config_list(
        ssl: *mut SSL,
        ech_config_list: *const u8,
        ech_config_list_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get0_ech_name_override(
        ssl: *const SSL,
        out_name: *mut *const ::core::ffi::c_char,
        out_name_len: *mut usize,
    );
    pub fn SSL_get0_ech_retry_configs(
        ssl: *const SSL,
        out_retry_configs: *mut *const u8,
        out_retry_configs_len: *mut usize,
    );
    pub fn SSL_marshal_ech_config(
        out: *mut *mut u8,
        out_len: *mut usize,
        config_id: u8,
        key: *const EVP_HPKE_KEY,
        public_name: *const ::core::ffi::c_char,
        max_name_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_ECH_KEYS_new() -> *mut SSL_ECH_KEYS;
    pub fn SSL_ECH_KEYS_up_ref(keys: *mut SSL_ECH_KEYS);
    pub fn SSL_ECH_KEYS_free(keys: *mut SSL_ECH_KEYS);
    pub fn SSL_ECH_KEYS_add(
        keys: *mut SSL_ECH_KEYS,
        is_retry_config: ::core::ffi::c_int,
        ech_config: *const u8,
        ech_config_len: usize,
        key: *const EVP_HPKE_KEY,
    ) -> ::core::ffi::c_int;
    pub fn SSL_ECH_KEYS_has_duplicate_config_id(keys: *const SSL_ECH_KEYS) -> ::core::ffi::c_int;
    pub fn SSL_ECH_KEYS_marshal_retry_configs(
        keys: *const SSL_ECH_KEYS,
        out: *mut *mut u8,
        out_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_ech_keys(ctx: *mut SSL_CTX, keys: *mut SSL_ECH_KEYS) -> ::core::ffi::c_int;
    pub fn SSL_ech_accepted(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_alert_type_string_long(value: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
    pub fn SSL_alert_desc_string_long(value: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
    pub fn SSL_send_fatal_alert(ssl: *mut SSL, alert: u8) -> ::core::ffi::c_int;
    pub fn SSL_set_ex_data(
        ssl: *mut SSL,
        idx: ::core::ffi::c_int,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_ex_data(ssl: *const SSL, idx: ::core::ffi::c_int) -> *mut ::core::ffi::c_void;
    pub fn SSL_get_ex_new_index(
        argl: ::core::ffi::c_long,
        argp: *mut ::core::ffi::c_void,
        unused: *mut CRYPTO_EX_unused,
        dup_unused: CRYPTO_EX_dup,
        free_func: CRYPTO_EX_free,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_set_ex_data(
        session: *mut SSL_SESSION,
        idx: ::core::ffi::c_int,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_get_ex_data(
        session: *const SSL_SESSION,
        idx: ::core::ffi::c_int,
    ) -> *mut ::core::ffi::c_void;
    pub fn SSL_SESSION_get_ex_new_index(
        argl: ::core::ffi::c_long,
        argp: *mut ::core::ffi::c_void,
        unused: *mut CRYPTO_EX_unused,
        dup_unused: CRYPTO_EX_dup,
        free_func: CRYPTO_EX_free,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_ex_data(
        ctx: *mut SSL_CTX,
        idx: ::core::ffi::c_int,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_ex_data(
        ctx: *const SSL_CTX,
        idx: ::core::ffi::c_int,
    ) -> *mut ::core::ffi::c_void;
    pub fn SSL_CTX_get_ex_new_index(
        argl: ::core::ffi::c_long,
        argp: *mut ::core::ffi::c_void,
        unused: *mut CRYPTO_EX_unused,
        dup_unused: CRYPTO_EX_dup,
        free_func: CRYPTO_EX_free,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_ivs(
        ssl: *const SSL,
        out_read_iv: *mut *const u8,
        out_write_iv: *mut *const u8,
        out_iv_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_key_block_len(ssl: *const SSL) -> usize;
    pub fn SSL_generate_key_block(
        ssl: *const SSL,
        out: *mut u8,
        out_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_read_traffic_secret(
        ssl: *const SSL,
        secret: *mut u8,
        out_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_write_traffic_secret(
        ssl: *const SSL,
        secret: *mut u8,
        out_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_read_sequence(ssl: *const SSL) -> u64;
    pub fn SSL_get_write_sequence(ssl: *const SSL) -> u64;
    pub fn SSL_CTX_set_record_protocol_version(
        ctx: *mut SSL_CTX,
        version: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_serialize_capabilities(ssl: *const SSL, out: *mut CBB) -> ::core::ffi::c_int;
    pub fn SSL_request_handshake_hints(
        ssl: *mut SSL,
        client_hello: *const u8,
        client_hello_len: usize,
        capabilities: *const u8,
        capabilities_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_serialize_handshake_hints(ssl: *const SSL, out: *mut CBB) -> ::core::ffi::c_int;
    pub fn SSL_set_handshake_hints(
        ssl: *mut SSL,
        hints: *const u8,
        hints_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_msg_callback(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                is_write: ::core::ffi::c_int,
                version: ::core::ffi::c_int,
                content_type: ::core::ffi::c_int,
                buf: *const ::core::ffi::c_void,
                len: usize,
                ssl: *mut SSL,
                arg: *mut ::core::ffi::c_void,
            ),
        >,
    );
    pub fn SSL_CTX_set_msg_callback_arg(ctx: *mut SSL_CTX, arg: *mut ::core::ffi::c_void);
    pub fn SSL_set_msg_callback(
        ssl: *mut SSL,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                write_p: ::core::ffi::c_int,
                version: ::core::ffi::c_int,
                content_type: ::core::ffi::c_int,
                buf: *const ::core::ffi::c_void,
                len: usize,
                ssl: *mut SSL,
                arg: *mut ::core::ffi::c_void,
            ),
        >,
    );
    pub fn SSL_set_msg_callback_arg(ssl: *mut SSL, arg: *mut ::core::ffi::c_void);
    pub fn SSL_CTX_set_keylog_callback(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(ssl: *const SSL, line: *const ::core::ffi::c_char),
        >,
    );
    pub fn SSL_CTX_get_keylog_callback(
        ctx: *const SSL_CTX,
    ) -> ::core::option::Option<
        unsafe extern "C" fn(ctx: *const SSL, arg1: *const ::core::ffi::c_char),
    >;
    pub fn SSL_set_shed_handshake_config(ssl: *mut SSL, enable: ::core::ffi::c_int);
    pub fn SSL_set_renegotiate_mode(ssl: *mut SSL, mode: ssl_renegotiate_mode_t);
    pub fn SSL_renegotiate(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_renegotiate_pending(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_total_renegotiations(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_max_cert_list(ctx: *const SSL_CTX) -> usize;
    pub fn SSL_CTX_set_max_cert_list(ctx: *mut SSL_CTX, max_cert_list: usize);
    pub fn SSL_get_max_cert_list(ssl: *const SSL) -> usize;
    pub fn SSL_set_max_cert_list(ssl: *mut SSL, max_cert_list: usize);
    pub fn SSL_CTX_set_max_send_fragment(
        ctx: *mut SSL_CTX,
        max_send_fragment: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_max_send_fragment(ssl: *mut SSL, max_send_fragment: usize)
    -> ::core::ffi::c_int;
    pub fn SSL_early_callback_ctx_extension_get(
        client_hello: *const SSL_CLIENT_HELLO,
        extension_type: u16,
        out_data: *mut *const u8,
        out_len: *mut usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_select_certificate_cb(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(arg1: *const SSL_CLIENT_HELLO) -> ssl_select_cert_result_t,
        >,
    );
    pub fn SSL_CTX_set_dos_protection_cb(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(arg1: *const SSL_CLIENT_HELLO) -> ::core::ffi::c_int,
        >,
    );
    pub fn SSL_CTX_set_reverify_on_resume(ctx: *mut SSL_CTX, enabled: ::core::ffi::c_int);
    pub fn SSL_set_enforce_rsa_key_usage(ssl: *mut SSL, enabled: ::core::ffi::c_int);
    pub fn SSL_was_key_usage_invalid(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_info_callback(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *const SSL,
                type_: ::core::ffi::c_int,
                value: ::core::ffi::c_int,
            ),
        >,
    );
    pub fn SSL_CTX_get_info_callback(
        ctx: *mut SSL_CTX,
    ) -> ::core::option::Option<
        unsafe extern "C" fn(ctx: *const SSL, arg1: ::core::ffi::c_int, arg2: ::core::ffi::c_int),
    >;
    pub fn SSL_set_info_callback(
        ssl: *mut SSL,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *const SSL,
                type_: ::core::ffi::c_int,
                value: ::core::ffi::c_int,
            ),
        >,
    );
    pub fn SSL_get_info_callback(
        ssl: *const SSL,
    ) -> ::core::option::Option<
        unsafe extern "C" fn(ssl: *const SSL, arg1: ::core::ffi::c_int, arg2: ::core::ffi::c_int),
    >;
    pub fn SSL_state_string_long(ssl: *const SSL) -> *const ::core::ffi::c_char;
    pub fn SSL_get_shutdown(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_peer_signature_algorithm(ssl: *const SSL) -> u16;
    pub fn SSL_get_peer_signature_nid(
        ssl: *const SSL,
        psig_nid: *mut ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_peer_signature_type_nid(
        ssl: *const SSL,
        psigtype_nid: *mut ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_client_random(ssl: *const SSL, out: *mut u8, max_out: usize) -> usize;
    pub fn SSL_get_server_random(ssl: *const SSL, out: *mut u8, max_out: usize) -> usize;
    pub fn SSL_get_pending_cipher(ssl: *const SSL) -> *const SSL_CIPHER;
    pub fn SSL_set_retain_only_sha256_of_client_certs(ssl: *mut SSL, enable: ::core::ffi::c_int);
    pub fn SSL_CTX_set_retain_only_sha256_of_client_certs(
        ctx: *mut SSL_CTX,
        enable: ::core::ffi::c_int,
    );
    pub fn SSL_CTX_set_grease_enabled(ctx: *mut SSL_CTX, enabled: ::core::ffi::c_int);
    pub fn SSL_CTX_set_permute_extensions(ctx: *mut SSL_CTX, enabled: ::core::ffi::c_int);
    pub fn SSL_set_permute_extensions(ssl: *mut SSL, enabled: ::core::ffi::c_int);
    pub fn SSL_max_seal_overhead(ssl: *const SSL) -> usize;
    pub fn SSL_CTX_set_false_start_allowed_without_alpn(
        ctx: *mut SSL_CTX,
        allowed: ::core::ffi::c_int,
    );
    pub fn SSL_used_hello_retry_request(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_jdk11_workaround(ssl: *mut SSL, enable: ::core::ffi::c_int);
    pub fn SSL_set_check_client_certificate_type(ssl: *mut SSL, enable: ::core::ffi::c_int);
    pub fn SSL_CTX_sess_connect(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_connect_good(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_connect_renegotiate(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_accept(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_accept_renegotiate(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_accept_good(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_hits(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_cb_hits(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_misses(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_timeouts(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_sess_cache_full(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn BIO_f_ssl() -> *const BIO_METHOD;
    pub fn BIO_set_ssl(
        bio: *mut BIO,
        ssl: *mut SSL,
        take_owership: ::core::ffi::c_int,
    ) -> ::core::ffi::c_long;
    pub fn BIO_get_ssl(bio: *mut BIO, ssl: *mut *mut SSL) -> ::core::ffi::c_long;
    pub fn BIO_new_ssl_connect(ctx: *mut SSL_CTX) -> *mut BIO;
    pub fn BIO_new_ssl(ctx: *mut SSL_CTX, client: ::core::ffi::c_int) -> *mut BIO;
    pub fn SSL_library_init() -> ::core::ffi::c_int;
    pub fn SSL_CIPHER_description(
        cipher: *const SSL_CIPHER,
        buf: *mut ::core::ffi::c_char,
        len: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn SSL_CIPHER_get_version(cipher: *const SSL_CIPHER) -> *const ::core::ffi::c_char;
    pub fn SSLv23_method() -> *const SSL_METHOD;
    pub fn TLSv1_method() -> *const SSL_METHOD;
    pub fn TLSv1_1_method() -> *const SSL_METHOD;
    pub fn TLSv1_2_method() -> *const SSL_METHOD;
    pub fn DTLSv1_method() -> *const SSL_METHOD;
    pub fn DTLSv1_2_method() -> *const SSL_METHOD;
    pub fn TLS_server_method() -> *const SSL_METHOD;
    pub fn TLS_client_method() -> *const SSL_METHOD;
    pub fn SSLv23_server_method() -> *const SSL_METHOD;
    pub fn SSLv23_client_method() -> *const SSL_METHOD;
    pub fn TLSv1_server_method() -> *const SSL_METHOD;
    pub fn TLSv1_client_method() -> *const SSL_METHOD;
    pub fn TLSv1_1_server_method() -> *const SSL_METHOD;
    pub fn TLSv1_1_client_method() -> *const SSL_METHOD;
    pub fn TLSv1_2_server_method() -> *const SSL_METHOD;
    pub fn TLSv1_2_client_method() -> *const SSL_METHOD;
    pub fn DTLS_server_method() -> *const SSL_METHOD;
    pub fn DTLS_client_method() -> *const SSL_METHOD;
    pub fn DTLSv1_server_method() -> *const SSL_METHOD;
    pub fn DTLSv1_client_method() -> *const SSL_METHOD;
    pub fn DTLSv1_2_server_method() -> *const SSL_METHOD;
    pub fn DTLSv1_2_client_method() -> *const SSL_METHOD;
    pub fn SSL_clear(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_cutthrough_complete(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_num_renegotiations(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_clear_num_renegotiations(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_read_ahead(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_read_ahead(ctx: *mut SSL_CTX, yes: ::core::ffi::c_int)
    -> ::core::ffi::c_int;
    pub fn SSL_get_read_ahead(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_read_ahead(ssl: *mut SSL, yes: ::core::ffi::c_int) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_default_read_buffer_len(ctx: *mut SSL_CTX, len: usize)
    -> ::core::ffi::c_int;
    pub fn SSL_set_default_read_buffer_len(ssl: *mut SSL, len: usize) -> ::core::ffi::c_int;
    pub fn i2d_SSL_SESSION(in_: *mut SSL_SESSION, pp: *mut *mut u8) -> ::core::ffi::c_int;
    pub fn d2i_SSL_SESSION(
        a: *mut *mut SSL_SESSION,
        pp: *mut *const u8,
        length: ::core::ffi::c_long,
    ) -> *mut SSL_SESSION;
    pub fn i2d_SSL_SESSION_bio(bio: *mut BIO, session: *const SSL_SESSION) -> ::core::ffi::c_int;
    pub fn d2i_SSL_SESSION_bio(bio: *mut BIO, out: *mut *mut SSL_SESSION) -> *mut SSL_SESSION;
    pub fn SSL_CTX_set_tlsext_use_srtp(
        ctx: *mut SSL_CTX,
        profiles: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_tlsext_use_srtp(
        ssl: *mut SSL,
        profiles: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_sigalgs(
        ctx: *mut SSL_CTX,
        values: *const ::core::ffi::c_int,
        num_values: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_sigalgs(
        ssl: *mut SSL,
        values: *const ::core::ffi::c_int,
        num_values: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_sigalgs_list(
        ctx: *mut SSL_CTX,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_sigalgs_list(
        ssl: *mut SSL,
        str_: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_SESSION_print(bp: *mut BIO, sess: *const SSL_SESSION) -> ::core::ffi::c_int;
    pub fn SSL_cache_hit(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_default_timeout(ssl: *const SSL) -> ::core::ffi::c_long;
    pub fn SSL_get_version(ssl: *const SSL) -> *const ::core::ffi::c_char;
    pub fn SSL_get_all_version_names(out: *mut *const ::core::ffi::c_char, max_out: usize)
    -> usize;
    pub fn SSL_get_cipher_list(
        ssl: *const SSL,
        n: ::core::ffi::c_int,
    ) -> *const ::core::ffi::c_char;
    pub fn SSL_CTX_set_client_cert_cb(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                out_x509: *mut *mut X509,
                out_pkey: *mut *mut EVP_PKEY,
            ) -> ::core::ffi::c_int,
        >,
    );
    pub fn SSL_want(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_finished(ssl: *const SSL, buf: *mut ::core::ffi::c_void, count: usize) -> usize;
    pub fn SSL_get_peer_finished(
        ssl: *const SSL,
        buf: *mut ::core::ffi::c_void,
        count: usize,
    ) -> usize;
    pub fn SSL_alert_type_string(value: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
    pub fn SSL_alert_desc_string(value: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
    pub fn SSL_state_string(ssl: *const SSL) -> *const ::core::ffi::c_char;
    pub fn SSL_state(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_shutdown(ssl: *mut SSL, mode: ::core::ffi::c_int);
    pub fn SSL_CTX_set_tmp_ecdh(ctx: *mut SSL_CTX, ec_key: *const EC_KEY) -> ::core::ffi::c_int;
    pub fn SSL_set_tmp_ecdh(ssl: *mut SSL, ec_key: *const EC_KEY) -> ::core::ffi::c_int;
    pub fn SSL_add_dir_cert_subjects_to_stack(
        out: *mut stack_st_X509_NAME,
        dir: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_enable_tls_channel_id(ctx: *mut SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_enable_tls_channel_id(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_get_session(ssl: *const SSL) -> *mut SSL_SESSION;
    pub fn SSL_get1_session(ssl: *mut SSL) -> *mut SSL_SESSION;
    pub fn OPENSSL_init_ssl(
        opts: u64,
        settings: *const OPENSSL_INIT_SETTINGS,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set_tlsext_status_type(
        ssl: *mut SSL,
        type_: ::core::ffi::c_int,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_tlsext_status_type(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_tlsext_status_ocsp_resp(
        ssl: *mut SSL,
        resp: *mut u8,
        resp_len: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_tlsext_status_ocsp_resp(ssl: *const SSL, out: *mut *const u8) -> usize;
    pub fn SSL_CTX_set_tlsext_status_cb(
        ctx: *mut SSL_CTX,
        callback: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_get_tlsext_status_cb(
        ctx: *mut SSL_CTX,
        callback: *mut ::core::option::Option<
            unsafe extern "C" fn(
                arg1: *mut SSL,
                arg2: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tlsext_status_arg(
        ctx: *mut SSL_CTX,
        arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn SSL_get_curve_id(ssl: *const SSL) -> u16;
    pub fn SSL_get_curve_name(curve_id: u16) -> *const ::core::ffi::c_char;
    pub fn SSL_get_all_curve_names(out: *mut *const ::core::ffi::c_char, max_out: usize) -> usize;
    pub fn SSL_CTX_set1_curves(
        ctx: *mut SSL_CTX,
        curves: *const ::core::ffi::c_int,
        num_curves: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_curves(
        ssl: *mut SSL,
        curves: *const ::core::ffi::c_int,
        num_curves: usize,
    ) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set1_curves_list(
        ctx: *mut SSL_CTX,
        curves: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_set1_curves_list(
        ssl: *mut SSL,
        curves: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn SSL_COMP_get_compression_methods() -> *mut stack_st_SSL_COMP;
    pub fn SSL_COMP_add_compression_method(
        id: ::core::ffi::c_int,
        cm: *mut COMP_METHOD,
    ) -> ::core::ffi::c_int;
    pub fn SSL_COMP_get_name(comp: *const COMP_METHOD) -> *const ::core::ffi::c_char;
    pub fn SSL_COMP_get0_name(comp: *const SSL_COMP) -> *const ::core::ffi::c_char;
    pub fn SSL_COMP_get_id(comp: *const SSL_COMP) -> ::core::ffi::c_int;
    pub fn SSL_COMP_free_compression_methods();
    pub fn SSL_get_current_compression(ssl: *mut SSL) -> *const COMP_METHOD;
    pub fn SSL_get_current_expansion(ssl: *mut SSL) -> *const COMP_METHOD;
    pub fn SSL_verify_client_post_handshake(ssl: *mut SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tmp_dh(ctx: *mut SSL_CTX, dh: *const DH) -> ::core::ffi::c_int;
    pub fn SSL_set_tmp_dh(ssl: *mut SSL, dh: *const DH) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tmp_dh_callback(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                is_export: ::core::ffi::c_int,
                keylength: ::core::ffi::c_int,
            ) -> *mut DH,
        >,
    );
    pub fn SSL_set_tmp_dh_callback(
        ssl: *mut SSL,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                is_export: ::core::ffi::c_int,
                keylength: ::core::ffi::c_int,
            ) -> *mut DH,
        >,
    );
    pub fn SSL_CTX_set_dh_auto(ctx: *mut SSL_CTX, onoff: ::core::ffi::c_int)
    -> ::core::ffi::c_long;
    pub fn SSL_CTX_get_security_level(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_security_level(ctx: *const SSL_CTX, level: ::core::ffi::c_int);
    pub fn SSL_get_security_level(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_set_security_level(ssl: *const SSL, level: ::core::ffi::c_int);
    pub fn SSL_CTX_set_security_callback(ctx: *mut SSL_CTX, cb: SSL_security_callback);
    pub fn SSL_CTX_get_security_callback(ctx: *const SSL_CTX) -> SSL_security_callback;
    pub fn SSL_CTX_set0_security_ex_data(ctx: *mut SSL_CTX, ex: *mut ::core::ffi::c_void);
    pub fn SSL_CTX_get0_security_ex_data(ctx: *const SSL_CTX) -> *mut ::core::ffi::c_void;
    pub fn SSL_set_security_callback(ssl: *mut SSL, cb: SSL_security_callback);
    pub fn SSL_get_security_callback(ssl: *const SSL) -> SSL_security_callback;
    pub fn SSL_set0_security_ex_data(ssl: *mut SSL, ex: *mut ::core::ffi::c_void);
    pub fn SSL_get0_security_ex_data(ssl: *const SSL) -> *mut ::core::ffi::c_void;
    pub fn SSL_set_state(ssl: *mut SSL, state: ::core::ffi::c_int);
    pub fn SSL_get_shared_ciphers(
        ssl: *const SSL,
        buf: *mut ::core::ffi::c_char,
        len: ::core::ffi::c_int,
    ) -> *mut ::core::ffi::c_char;
    pub fn SSL_get_shared_sigalgs(
        ssl: *mut SSL,
        idx: ::core::ffi::c_int,
        psign: *mut ::core::ffi::c_int,
        phash: *mut ::core::ffi::c_int,
        psignandhash: *mut ::core::ffi::c_int,
        rsig: *mut u8,
        rhash: *mut u8,
    ) -> ::core::ffi::c_int;
    pub fn ERR_load_SSL_strings();
    pub fn SSL_load_error_strings();
    pub fn SSL_CTX_set_tmp_rsa_callback(
        ctx: *mut SSL_CTX,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                is_export: ::core::ffi::c_int,
                keylength: ::core::ffi::c_int,
            ) -> *mut RSA,
        >,
    );
    pub fn SSL_set_tmp_rsa_callback(
        ssl: *mut SSL,
        cb: ::core::option::Option<
            unsafe extern "C" fn(
                ssl: *mut SSL,
                is_export: ::core::ffi::c_int,
                keylength: ::core::ffi::c_int,
            ) -> *mut RSA,
        >,
    );
    pub fn SSL_CTX_need_tmp_RSA(ctx: *const SSL_CTX) -> ::core::ffi::c_int;
    pub fn SSL_need_tmp_RSA(ssl: *const SSL) -> ::core::ffi::c_int;
    pub fn SSL_CTX_set_tmp_rsa(ctx: *mut SSL_CTX, rsa: *const RSA) -> ::core::ffi::c_int;
    pub fn SSL_set_tmp_rsa(ssl: *mut SSL, rsa: *const RSA) -> ::core::ffi::c_int;
}
