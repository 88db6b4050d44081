/* Written by Tests/Generate/black_kernel_coefficients.py; change the script, not this
   file. */
#ifndef KEEL_BLACK_COEFFICIENTS_H
#define KEEL_BLACK_COEFFICIENTS_H

/* Where the table starts, minus; what is added to t; and twice their difference. */
#define KEEL_TAIL_START 0.5
#define KEEL_TAIL_SHIFT 4.5
#define KEEL_TAIL_SPAN 8.0

/* (t + shift) exp(t^2 / 2) Phi(-t) in s = 1 - span / (t + shift), t >= -1/2
   Interpolation error 2.1e-18. */
#define KEEL_TAIL_COUNT 28
static const double KEEL_TAIL[KEEL_TAIL_COUNT] = {
  0x1.b396f9cf1e260p-1,
  -0x1.b8701b3202533p-1,
  0x1.6604e3a0db539p-1,
  -0x1.ca362180c904bp-2,
  0x1.b5a432a50cedfp-3,
  -0x1.0c6b1adf26c83p-4,
  0x1.31254fe8ae3a8p-8,
  0x1.8b0a7cd2f6e1cp-8,
  -0x1.1b722d0eb6a53p-9,
  -0x1.aa403cd458893p-12,
  0x1.91f38549cc62bp-12,
  0x1.d62f25f94ad28p-16,
  -0x1.1594e43f39806p-14,
  -0x1.268b1d012d206p-18,
  0x1.97fba18daefc6p-17,
  0x1.bbb8df3d41957p-20,
  -0x1.319e98c649f9fp-19,
  -0x1.58d7e562a19ddp-21,
  0x1.a1522380cfb1dp-22,
  0x1.cc0e7289fcd33p-23,
  -0x1.98674bc219805p-25,
  -0x1.00c2e0c9737b6p-24,
  0x1.6d5a2ef13ce49p-32,
  0x1.c77db982e751ep-27,
  0x1.74386b4cc2932p-30,
  -0x1.1cb8cda7d8725p-29,
  -0x1.dc3d1da404ac6p-33,
  0x1.730f2fe22c9bbp-33,
};
#define KEEL_TAIL_0_LOW (-0x1.555890a8f23e8p-58)

/* The same for kernels that do not carry their rounding.
   Interpolation error 3.1e-16. */
#define KEEL_SHORT_TAIL_COUNT 24
static const double KEEL_SHORT_TAIL[KEEL_SHORT_TAIL_COUNT] = {
  0x1.b396f9cf1e260p-1,
  -0x1.b8701b3202531p-1,
  0x1.6604e3a0db54bp-1,
  -0x1.ca362180c92dap-2,
  0x1.b5a432a50c06dp-3,
  -0x1.0c6b1adf082e5p-4,
  0x1.31254feafd1e2p-8,
  0x1.8b0a7caf14947p-8,
  -0x1.1b722d41c622ep-9,
  -0x1.aa4027085df0bp-12,
  0x1.91f39019fff6ep-12,
  0x1.d6274fa228326p-16,
  -0x1.1595a41c23264p-14,
  -0x1.26184a598fd11p-18,
  0x1.980dabe4f421bp-17,
  0x1.b75ec077e6dcep-20,
  -0x1.32343e4fb8de8p-19,
  -0x1.4aa11ee16ce57p-21,
  0x1.a8004a7efb5a9p-22,
  0x1.8dce2bf2ad79dp-23,
  -0x1.cbff6548cefcbp-25,
  -0x1.4fcc8962d3a14p-25,
  0x1.17cd93c5f8732p-28,
  0x1.23a123afa3653p-28,
};

/* Half of its second derivative, which multiplies a correction.
   Interpolation error 1.2e-01. */
#define KEEL_TAIL_BEND_COUNT 4
static const double KEEL_TAIL_BEND[KEEL_TAIL_BEND_COUNT] = {
  0x1.64a178367951fp-1,
  -0x1.5b4744fdd7684p+0,
  0x1.4f45422a5cef5p+0,
  -0x1.14c12fc04c5a5p-1,
};

/* (log((1 + s) / (1 - s)) - 2 s) / s^3, powers of s^2, |s| <= 0.2004
   Interpolation error 3.9e-17. */
#define KEEL_LOG_RATIO_COUNT 8
static const double KEEL_LOG_RATIO[KEEL_LOG_RATIO_COUNT] = {
  0x1.5555555555555p-1,
  0x1.9999999999f4ap-2,
  0x1.24924923d8d53p-2,
  0x1.c71c72e6a0bf3p-3,
  0x1.745caa083f891p-3,
  0x1.3b2a29705fb2cp-3,
  0x1.0e857c4765545p-3,
  0x1.16d0d0a09926bp-3,
};

#endif
