/* Written by Tests/Generate/kernel_coefficients.py; change the script, not this file. */
#ifndef KEEL_COEFFICIENTS_H
#define KEEL_COEFFICIENTS_H

#define KEEL_HALF_LINE_K 4.0
/* 1 / sqrt(2 pi) */
#define KEEL_INV_SQRT_2PI 0x1.9884533d43651p-2
#define KEEL_INV_SQRT_2PI_LOW (-0x1.cbc0d30ebfd15p-56)

/* 1 / sqrt(pi) */
#define KEEL_INV_SQRT_PI 0x1.20dd750429b6dp-1
#define KEEL_INV_SQRT_PI_LOW (0x1.1ae3a914fed80p-57)

/* ln 2 */
#define KEEL_LN2 0x1.62e42fefa39efp-1

/* (t + k) exp(t^2) erfc(t), powers of s = (t - k) / (t + k), t >= 0
   Interpolation error 1.6e-18. */
#define KEEL_ERFC_COUNT 26
static const double KEEL_ERFC[KEEL_ERFC_COUNT] = {
  0x1.18932bf08e154p+0,
  -0x1.f3fe31ecb49bfp-1,
  0x1.8be202d26c703p-1,
  -0x1.14eacb1ad0349p-1,
  0x1.52cac23710288p-2,
  -0x1.645fd8a4bb8abp-3,
  0x1.38dbd2c8dc877p-4,
  -0x1.b00c052c845ecp-6,
  0x1.908f47270f02bp-8,
  -0x1.269b515664a15p-12,
  -0x1.dd284580c949fp-12,
  0x1.72cd9d5b94b7fp-13,
  -0x1.e7eb6da612b9ap-19,
  -0x1.3c6d73a8eb7a2p-16,
  0x1.3b129d96936acp-18,
  0x1.7e11b5c9fb94ap-20,
  -0x1.c71cdd6e82287p-21,
  -0x1.3e210acb383e5p-24,
  0x1.104030657a7e8p-23,
  -0x1.4abf8319163bbp-31,
  -0x1.36d2a158b5077p-26,
  0x1.f44682edb1654p-31,
  0x1.396ea53eee2b8p-29,
  -0x1.4bd39aaba4886p-33,
  -0x1.894f704d41b58p-33,
  0x1.a2a9edfcfd422p-37,
};
#define KEEL_ERFC_0_LOW (0x1.0dbbcff897421p-54)

/* The derivative of the table above by s, to few digits
   Interpolation error 2.4e-02. */
#define KEEL_ERFC_SLOPE_COUNT 6
static const double KEEL_ERFC_SLOPE[KEEL_ERFC_SLOPE_COUNT] = {
  -0x1.f6f5f51c412bap-1,
  0x1.8c3836575bb60p+0,
  -0x1.84aa4ef1604bep+0,
  0x1.4cb1de718b182p+0,
  -0x1.25f341fba9bd6p+0,
  0x1.0c45f46b50e3fp-1,
};

/* (t + k) exp(t^2 / 2) Phi(-t), powers of s = (t - k) / (t + k), t >= 0
   Interpolation error 6.2e-18. */
#define KEEL_PHI_COUNT 26
static const double KEEL_PHI[KEEL_PHI_COUNT] = {
  0x1.82b4bb8c94dcep-1,
  -0x1.373e3a893c28ap-1,
  0x1.8c6dbf2cfc2b6p-2,
  -0x1.7dff2bff6834cp-3,
  0x1.eec4cc3e4d127p-5,
  -0x1.ee27610498d0fp-8,
  -0x1.c81719d550ea1p-9,
  0x1.ab825fc86b65ap-10,
  0x1.17a4ae57dfae8p-13,
  -0x1.e4a427bd29540p-13,
  -0x1.001eda9c6d29ap-19,
  0x1.26d0cfc3a105ep-15,
  0x1.80c0f34539df0p-21,
  -0x1.8d5157f576ee3p-18,
  -0x1.522460aaee22ap-21,
  0x1.127054d04c8ebp-20,
  0x1.248ee6ef018bbp-22,
  -0x1.4f77f4e976bc8p-23,
  -0x1.751a2b7f2dd9ep-24,
  0x1.ed0700073cad9p-27,
  0x1.70289dc68d0a1p-26,
  0x1.ba71fe9a137d9p-30,
  -0x1.006baa8ca55dap-28,
  -0x1.f911d90934f17p-31,
  0x1.7655f52ff7887p-32,
  0x1.18fadcb19729ep-33,
};
#define KEEL_PHI_0_LOW (-0x1.b0f190a360e92p-56)

/* The derivative of the table above by s, to few digits
   Interpolation error 1.4e-03. */
#define KEEL_PHI_SLOPE_COUNT 6
static const double KEEL_PHI_SLOPE[KEEL_PHI_SLOPE_COUNT] = {
  -0x1.371a074d73456p-1,
  0x1.8c7204aa86de8p-1,
  -0x1.211190c3b6833p-1,
  0x1.ed90ff6eca1adp-3,
  -0x1.8186e909beedbp-6,
  -0x1.3c4b74500b6e3p-6,
};

/* erf(x) / x, powers of x^2, |x| <= 1/2
   Interpolation error 2.3e-20. */
#define KEEL_ERF_COUNT 10
static const double KEEL_ERF[KEEL_ERF_COUNT] = {
  0x1.20dd750429b6dp+0,
  -0x1.812746b0379e6p-2,
  0x1.ce2f21a042b29p-4,
  -0x1.b82ce3127f739p-6,
  0x1.565bcd0aa6349p-8,
  -0x1.c02db23d41138p-11,
  0x1.f9a2a6635fe79p-14,
  -0x1.f4bb9f7301dedp-17,
  0x1.b776442df3041p-20,
  -0x1.39fb524e9c1f7p-23,
};
#define KEEL_ERF_0_LOW (0x1.1a70f6f39063dp-56)

/* (exp(r) - 1 - r) / r^2, powers of r, |r| <= 0.3466
   Interpolation error 3.1e-18. */
#define KEEL_EXP_COUNT 11
static const double KEEL_EXP[KEEL_EXP_COUNT] = {
  0x1.0000000000000p-1,
  0x1.5555555555557p-3,
  0x1.5555555555556p-5,
  0x1.11111111100d3p-7,
  0x1.6c16c16c162cfp-10,
  0x1.a01a01abeccc3p-13,
  0x1.a01a01a6db488p-16,
  0x1.71de02225a2f3p-19,
  0x1.27e4db5bb725ap-22,
  0x1.af4e092e1705bp-26,
  0x1.1f7315649f2d7p-29,
};

/* (log((1 + s) / (1 - s)) - 2 s) / s^3, powers of s^2, |s| <= 0.1716
   Interpolation error 3.1e-18. */
#define KEEL_LOG_COUNT 8
static const double KEEL_LOG[KEEL_LOG_COUNT] = {
  0x1.5555555555555p-1,
  0x1.9999999999a38p-2,
  0x1.2492492476ba1p-2,
  0x1.c71c72017a15cp-3,
  0x1.745cf8f6c9119p-3,
  0x1.3b1c38474d3eep-3,
  0x1.0fbe478772696p-3,
  0x1.0c06cf14c641bp-3,
};

/* The same with fewer terms: it is a hundredth of the logarithm at most
   Interpolation error 7.1e-14. */
#define KEEL_DRAW_LOG_COUNT 6
static const double KEEL_DRAW_LOG[KEEL_DRAW_LOG_COUNT] = {
  0x1.55555555553b7p-1,
  0x1.9999999b878d7p-2,
  0x1.249246299fc8ep-2,
  0x1.c71fcdfe2f300p-3,
  0x1.7382a9fa2e7aep-3,
  0x1.546d249f36cb2p-3,
};

/* sin(pi f / 2) / f, powers of f^2, |f| <= 1/2
   Interpolation error 3.5e-18. */
#define KEEL_SIN_COUNT 7
static const double KEEL_SIN[KEEL_SIN_COUNT] = {
  0x1.921fb54442d18p+0,
  -0x1.4abbce625be41p-1,
  0x1.466bc677587f8p-4,
  -0x1.32d2cce2e5b19p-8,
  0x1.50782fda12d96p-13,
  -0x1.e30071afc3e59p-19,
  0x1.e3f38399551bfp-25,
};

/* cos(pi f / 2), powers of f^2, |f| <= 1/2
   Interpolation error 6.7e-17. */
#define KEEL_COS_COUNT 7
static const double KEEL_COS[KEEL_COS_COUNT] = {
  0x1.0000000000000p+0,
  -0x1.3bd3cc9be458bp+0,
  0x1.03c1f081b0780p-2,
  -0x1.55d3c7dbfd139p-6,
  0x1.e1f4fb60281f6p-11,
  -0x1.a6c9c1be9eb49p-16,
  0x1.f3dbcea61b1a4p-22,
};

#define KEEL_QUANTILE_COUNT 8

/* sqrt(2 pi) */
#define KEEL_SQRT_2PI 0x1.40d931ff62706p+1
#define KEEL_SQRT_2PI_LOW (-0x1.a6a0d6f814637p-53)

/* sqrt(2) */
#define KEEL_SQRT_2 0x1.6a09e667f3bcdp+0
#define KEEL_SQRT_2_LOW (-0x1.bdd3413b26456p-54)

/* (z / h - sqrt(2 pi)) / h^2 for Phi(z) = 1/2 + h, powers of 0.425^2 - h^2
   Interpolation error 9.5e-17. */
static const double KEEL_CENTRAL_NUMERATOR[KEEL_QUANTILE_COUNT] = {
  0x1.37fc2a497deaap+2,
  0x1.778c4e2a31618p+7,
  0x1.52bf4901144d6p+11,
  0x1.1cebb47546521p+14,
  0x1.c51d549c5c13cp+15,
  0x1.311900e896c95p+16,
  0x1.f5bc6cdc98db3p+14,
  0x1.d8e4cf7bfe481p+8,
};
static const double KEEL_CENTRAL_DENOMINATOR[KEEL_QUANTILE_COUNT] = {
  0x1.0000000000000p+0,
  0x1.6459f18df4872p+5,
  0x1.82620d16ce01dp+9,
  0x1.9da2f6fe6b43dp+12,
  0x1.ca0ca136140eap+14,
  0x1.f6e307e747e2ep+15,
  0x1.dc2dd11985577p+15,
  0x1.0f254f5e77fc8p+14,
};

/* z - sqrt(2) r for Phi(-z) = exp(-r^2), powers of r, 1.6 <= r <= 5.2
   Interpolation error 8.7e-17. */
static const double KEEL_MIDDLE_NUMERATOR[KEEL_QUANTILE_COUNT] = {
  -0x1.bddffb5a3499dp+1,
  -0x1.0173c299dce22p+5,
  -0x1.faafa31327d35p+5,
  -0x1.83871929b2439p+5,
  -0x1.f09d547c534abp+3,
  -0x1.a790c5e47ac77p+0,
  -0x1.5700f26e3abbdp-5,
  -0x1.670c2a6c4dcaap-15,
};
static const double KEEL_MIDDLE_DENOMINATOR[KEEL_QUANTILE_COUNT] = {
  0x1.0000000000000p+0,
  0x1.dbe0756889d92p+3,
  0x1.70ff620572a48p+5,
  0x1.b158249658ef0p+5,
  0x1.d7756bcb805d1p+4,
  0x1.b083f160f77d9p+2,
  0x1.0cb05a089497dp-1,
  0x1.339e8e260165ep-7,
};

/* z - sqrt(2) r for Phi(-z) = exp(-r^2), powers of r, 5.2 <= r <= 27.3
   Interpolation error 1.6e-15. */
static const double KEEL_FAR_NUMERATOR[KEEL_QUANTILE_COUNT] = {
  -0x1.9beb5878e8c79p+1,
  -0x1.b134249abb1fap+3,
  -0x1.e27d0e29be061p+2,
  -0x1.3557430415d58p+0,
  -0x1.0e86be491d451p-4,
  -0x1.36f3aea2878f6p-10,
  -0x1.611cfb8611f9ep-18,
  -0x1.cf4f4dab2d79fp-31,
};
static const double KEEL_FAR_DENOMINATOR[KEEL_QUANTILE_COUNT] = {
  0x1.0000000000000p+0,
  0x1.015d73cbadf8cp+3,
  0x1.52415689fcc3ep+3,
  0x1.d6ab477d033f9p+1,
  0x1.c081bac9d4becp-2,
  0x1.369739d4e860fp-6,
  0x1.1f0112b376cfdp-12,
  0x1.f6d4610c42a71p-21,
};

#endif
