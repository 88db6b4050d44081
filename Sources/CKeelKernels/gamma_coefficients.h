/* Written by Tests/Generate/gamma_kernel_coefficients.py; change the script, not this file. */
#ifndef KEEL_GAMMA_COEFFICIENTS_H
#define KEEL_GAMMA_COEFFICIENTS_H

/* ln sqrt(2 pi) */
#define KEEL_LOG_ROOT_2PI 0x1.d67f1c864beb5p-1
#define KEEL_LOG_ROOT_2PI_LOW (-0x1.65b5a1b7ff5dfp-55)

/* pi */
#define KEEL_PI 0x1.921fb54442d18p+1
#define KEEL_PI_LOW (0x1.1a62633145c07p-53)

/* 2 / 3 */
#define KEEL_TWO_THIRDS 0x1.5555555555555p-1
#define KEEL_TWO_THIRDS_LOW (0x1.5555555555555p-55)

/* The positive zero of digamma */
#define KEEL_DIGAMMA_ROOT 0x1.762d86356be3fp+0
#define KEEL_DIGAMMA_ROOT_LOW (0x1.b86a722197829p-54)

#define KEEL_LOG_GAMMA_COUNT 13
/* ln Gamma(x) / ((x - 1)(x - 2)), 1/2 <= x <= 10
   Interpolation error 1.2e-18. */
static const double KEEL_LOG_GAMMA_NUMERATOR[KEEL_LOG_GAMMA_COUNT] = {
  0x1.7189205f296d0p+1,
  0x1.4f5392ab1429fp+7,
  0x1.15213a90b6458p+11,
  0x1.50bfb8edcab52p+13,
  0x1.6be26ad5809e5p+14,
  0x1.7e8eed0605856p+14,
  0x1.96e91f12afc60p+13,
  0x1.b847bc0190e78p+11,
  0x1.d8281ddaeacd1p+8,
  0x1.d517391290821p+4,
  0x1.76c6362419baap-1,
  0x1.598ec6bc23f5fp-8,
  0x1.10b4ae5c3ee6cp-19,
};
static const double KEEL_LOG_GAMMA_DENOMINATOR[KEEL_LOG_GAMMA_COUNT] = {
  0x1.0000000000000p+0,
  0x1.6ec1a667b767bp+6,
  0x1.a88c439757b97p+10,
  0x1.5ab29a89d42c5p+13,
  0x1.ef9737c098cb4p+14,
  0x1.591de13b4a21cp+15,
  0x1.ef86031b5e4ffp+14,
  0x1.76a94f3a357e3p+13,
  0x1.2862a45a4923fp+11,
  0x1.d8ff993e49fb1p+7,
  0x1.5f939e38dd9bbp+3,
  0x1.9e5644818d843p-3,
  0x1.06a57c968a407p-10,
};

#define KEEL_DIGAMMA_COUNT 10
/* psi(x) / (x - zero), 1 <= x <= 10
   Interpolation error 3.8e-18. */
static const double KEEL_DIGAMMA_NUMERATOR[KEEL_DIGAMMA_COUNT] = {
  0x1.b7551cda5bea2p+30,
  0x1.80dd203d5db1bp+32,
  0x1.a778971569544p+32,
  0x1.9d02a2b1fd5ecp+31,
  0x1.8d3193860f0d2p+29,
  0x1.7dd1f95ceed8cp+26,
  0x1.5bd79890e9e85p+22,
  0x1.0524eaf1dcfcdp+17,
  0x1.cc860a731d58cp+9,
  0x1.3e80e289e833bp-2,
};
static const double KEEL_DIGAMMA_DENOMINATOR[KEEL_DIGAMMA_COUNT] = {
  0x1.0000000000000p+0,
  0x1.41123c1fffde2p+31,
  0x1.680850607e864p+32,
  0x1.225967a34c034p+32,
  0x1.b81ac7bdc2029p+30,
  0x1.521d136f9da80p+28,
  0x1.066f81597a8e2p+25,
  0x1.81113e64ac45cp+20,
  0x1.c81c2ff4ae0ebp+14,
  0x1.27a737a4d8953p+7,
};

#define KEEL_REMAINDER_COUNT 11
/* x times what Stirling's formula leaves, powers of 1/x^2, x >= 1
   Interpolation error 6.7e-17. */
static const double KEEL_REMAINDER_NUMERATOR[KEEL_REMAINDER_COUNT] = {
  0x1.5555555555555p-4,
  0x1.efe7a704db61bp+1,
  0x1.0ae23c032153fp+6,
  0x1.13f4708cd45cfp+9,
  0x1.29d599ab3fa14p+11,
  0x1.56272f1eae6f8p+12,
  0x1.99ec34d31d2d3p+12,
  0x1.e1c8218f3c325p+11,
  0x1.eade3d98abc3bp+9,
  0x1.4e32891699109p+6,
  0x1.1ca94b6e6f38dp+0,
};
static const double KEEL_REMAINDER_DENOMINATOR[KEEL_REMAINDER_COUNT] = {
  0x1.0000000000000p+0,
  0x1.74320187e8cd9p+5,
  0x1.9118a30312db9p+9,
  0x1.9f93853313594p+12,
  0x1.c219b135a6868p+14,
  0x1.04238f2b6c2c4p+16,
  0x1.3b330b8150a4ap+16,
  0x1.7a98ad182b8d9p+15,
  0x1.93b04dd4d8b49p+13,
  0x1.32e5a0508445ap+10,
  0x1.832eb5510f46fp+4,
};

/* The same, x >= 10
   Interpolation error 3.5e-19. */
#define KEEL_STIRLING_COUNT 7
static const double KEEL_STIRLING[KEEL_STIRLING_COUNT] = {
  0x1.5555555555555p-4,
  -0x1.6c16c16c1697cp-9,
  0x1.a01a019c051efp-11,
  -0x1.381377985f3f3p-11,
  0x1.b94707b01d2a5p-11,
  -0x1.f37f7526af077p-10,
  0x1.6813d0b4b0fe4p-8,
};

/* x^2 (ln x - 1/(2 x) - psi(x)), powers of 1/x^2, x >= 10
   Interpolation error 8.1e-20. */
#define KEEL_DIGAMMA_SERIES_COUNT 8
static const double KEEL_DIGAMMA_SERIES[KEEL_DIGAMMA_SERIES_COUNT] = {
  0x1.5555555555555p-4,
  -0x1.11111111110dfp-7,
  0x1.04104103dcfb0p-8,
  -0x1.1111106fd5075p-8,
  0x1.f07b24fc36f2dp-8,
  -0x1.59609637f3c51p-6,
  0x1.4f05a054f4db8p-4,
  -0x1.5e57d05c6fc3dp-2,
};

/* 1 / Gamma(1 + a), powers of a, 0 <= a <= 1
   Interpolation error 3.7e-20. */
#define KEEL_RECIPROCAL_GAMMA_COUNT 17
static const double KEEL_RECIPROCAL_GAMMA[KEEL_RECIPROCAL_GAMMA_COUNT] = {
  0x1.0000000000000p+0,
  0x1.2788cfc6fb619p-1,
  -0x1.4fcf4026afa40p-1,
  -0x1.5815e8fa2445ep-5,
  0x1.5512320b362d4p-3,
  -0x1.59af1039904d7p-5,
  -0x1.3b4af2d9e8f2ep-7,
  0x1.d919c8eb02323p-8,
  -0x1.317150133835dp-10,
  -0x1.c35f3be332f6dp-13,
  0x1.0c7d7da7fe59ap-13,
  -0x1.511e1af939d3ep-16,
  -0x1.5dc9e7219626ep-20,
  0x1.3da169611a5a7p-20,
  -0x1.029887abe1a6ep-22,
  0x1.95f99db73f768p-26,
  -0x1.d47df5e91a073p-31,
};

/* sin(pi f) / f, powers of f^2, |f| <= 1/2
   Interpolation error 4.8e-22. */
#define KEEL_SIN_PI_COUNT 10
static const double KEEL_SIN_PI[KEEL_SIN_PI_COUNT] = {
  0x1.921fb54442d18p+1,
  -0x1.4abbce625be53p+2,
  0x1.466bc6775aae2p+1,
  -0x1.32d2cce62bd57p-1,
  0x1.50783487ec19ap-4,
  -0x1.e3074fdc520eap-8,
  0x1.e8f4338e03a66p-12,
  -0x1.6fad488852625p-16,
  0x1.aabbe3815eb60p-21,
  -0x1.7ed4cd7222586p-26,
};

/* cos(pi f) / (1/4 - f^2), powers of f^2, |f| <= 1/2
   Interpolation error 4.9e-26. */
#define KEEL_COS_PI_COUNT 11
static const double KEEL_COS_PI[KEEL_COS_PI_COUNT] = {
  0x1.0000000000000p+2,
  -0x1.de9e64df22ef3p+1,
  0x1.472be122434a5p+0,
  -0x1.d4fcd83116aabp-3,
  0x1.9f05cb00a01eap-6,
  -0x1.f309e8592153bp-10,
  0x1.b268778fa57cdp-14,
  -0x1.1e75ecbe2b793p-18,
  0x1.281f594f58f36p-23,
  -0x1.eca50fa130cecp-29,
  0x1.48f9b3ff46a79p-34,
};

/* C_k of Temme's expansion in powers of eta, where x is within 40 % of a, for a >= 20. */
#define KEEL_TEMME_0_COUNT 14
#define KEEL_TEMME_1_COUNT 12
#define KEEL_TEMME_2_COUNT 11
#define KEEL_TEMME_3_COUNT 11
#define KEEL_TEMME_4_COUNT 9
#define KEEL_TEMME_5_COUNT 8
#define KEEL_TEMME_6_COUNT 7
#define KEEL_TEMME_7_COUNT 6
#define KEEL_TEMME_8_COUNT 5
#define KEEL_TEMME_9_COUNT 4
#define KEEL_TEMME_10_COUNT 2
#define KEEL_TEMME_11_COUNT 2
static const double KEEL_TEMME_0[KEEL_TEMME_0_COUNT] = {
  -0x1.5555555555555p-2,
  0x1.5555555555554p-4,
  -0x1.e573ac901e53ep-7,
  0x1.2f684bda16456p-10,
  0x1.71de3a554acb5p-12,
  -0x1.76e06ff24e46ap-13,
  0x1.48c589489e23fp-15,
  -0x1.25534c2746007p-19,
  -0x1.f1b23be63dd6fp-20,
  0x1.bd6633eb25fbfp-21,
  -0x1.7b6c6196332fcp-23,
  0x1.e1a101ce369e7p-28,
  0x1.6a41eb6ed1400p-27,
  -0x1.5d5d95f5d58a0p-28,
};
static const double KEEL_TEMME_1[KEEL_TEMME_1_COUNT] = {
  -0x1.e573ac901e53fp-10,
  -0x1.c71c71c71a284p-9,
  0x1.5ac056b013822p-9,
  -0x1.0394f6f3261e5p-10,
  0x1.af83440e30a1ap-13,
  -0x1.af7cee9bf43a9p-22,
  -0x1.2fa4a0ca55373p-16,
  0x1.00a683e74752dp-17,
  -0x1.b0d6e61a19229p-20,
  0x1.ff8fca8324b96p-28,
  0x1.2fc91524e0710p-23,
  -0x1.1772585dd9c5bp-24,
};
static const double KEEL_TEMME_2[KEEL_TEMME_2_COUNT] = {
  0x1.0ee643b99129dp-8,
  -0x1.5f7268edab43ep-9,
  0x1.948b0fcad3af6p-11,
  0x1.0db20c0ad6719p-19,
  -0x1.c253eaf6b5d37p-14,
  0x1.bbf4396490a58p-15,
  -0x1.ac30142fc0f49p-17,
  0x1.26d9208af4456p-25,
  0x1.7136e575176dbp-20,
  -0x1.524b844477b69p-21,
  0x1.17e5a3a2323f5p-23,
};
static const double KEEL_TEMME_3[KEEL_TEMME_3_COUNT] = {
  0x1.547d93b35ad96p-11,
  0x1.e13ce4663befbp-13,
  -0x1.ebfb18aef57aap-12,
  0x1.18b9b5a88e426p-12,
  -0x1.3d2a1a4dc71b1p-14,
  -0x1.013a715e28bcap-22,
  0x1.73cafe5397718p-17,
  -0x1.7cfe2c14f7f30p-18,
  0x1.836552a4003ffp-20,
  0x1.91a9d5af74229p-26,
  -0x1.f3ccd8fcdda02p-23,
};
static const double KEEL_TEMME_4[KEEL_TEMME_4_COUNT] = {
  -0x1.c3e0b0397dbd7p-11,
  0x1.9b0ff630d217ap-11,
  -0x1.39999228ba91cp-12,
  -0x1.88b902b0e7dd0p-20,
  0x1.1683a949844b5p-14,
  -0x1.4d141fe3cc72ep-15,
  0x1.828bc3ac029fap-17,
  0x1.02e63582ff9efp-22,
  -0x1.306035adb9c93p-19,
};
static const double KEEL_TEMME_5[KEEL_TEMME_5_COUNT] = {
  -0x1.6128abe87fc95p-12,
  -0x1.247648ae4d9ebp-14,
  0x1.22be2df5e1137p-12,
  -0x1.a1fc281d4ee79p-13,
  0x1.1d4fe84209b04p-14,
  -0x1.57e2efc89866ap-24,
  -0x1.db0cf52d0314bp-17,
  0x1.2c8dec92704bdp-17,
};
static const double KEEL_TEMME_6[KEEL_TEMME_6_COUNT] = {
  0x1.168eef8ffcc44p-11,
  -0x1.367750c74f6ebp-11,
  0x1.1c0c1034fee44p-12,
  0x1.b2adf24034507p-21,
  -0x1.5708aa96aea92p-14,
  0x1.d593cd7d06e6dp-15,
  -0x1.15dc40c6324d6p-16,
};
static const double KEEL_TEMME_7[KEEL_TEMME_7_COUNT] = {
  0x1.69198386bbf9cp-12,
  0x1.b14f06a45aa4bp-15,
  -0x1.5f9b8170a3aa2p-12,
  0x1.293dcf6f1c211p-12,
  -0x1.b1db40fc52477p-14,
  -0x1.1102b890b34d8p-16,
};
static const double KEEL_TEMME_8[KEEL_TEMME_8_COUNT] = {
  -0x1.562088e6b816fp-11,
  0x1.b8a82af387cacp-11,
  -0x1.d108531be4a97p-12,
  -0x1.9f46a128930fbp-16,
  0x1.c1767d4549e08p-13,
};
static const double KEEL_TEMME_9[KEEL_TEMME_9_COUNT] = {
  -0x1.394c4574b1836p-11,
  -0x1.1a634b996648fp-14,
  0x1.788c692dd7628p-11,
  -0x1.6ca149cfa5feap-11,
};
static const double KEEL_TEMME_10[KEEL_TEMME_10_COUNT] = {
  0x1.741810462aa8dp-10,
  -0x1.097e27d31bcc8p-9,
};
static const double KEEL_TEMME_11[KEEL_TEMME_11_COUNT] = {
  0x1.69fec6e7c825dp-10,
  0x1.4616bc3c51f26p-11,
};

#endif
