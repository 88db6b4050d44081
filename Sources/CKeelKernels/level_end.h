/* Forgets what belongs to one level; no include guard on purpose. */
#undef INLINE
#undef P
#undef U
#undef V
#undef FN
#undef KEEL_JOIN
#undef KEEL_JOIN_
#undef KEEL_SUFFIX
#undef KEEL_WIDTH
#undef KEEL_FMA
