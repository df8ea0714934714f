/* The steps of the rules that divide by a root, m / (sqrt(v) + eps): included once for each instruction set, without a
 * guard. The divider works on roots and quotients while the multipliers rest; here some of the roots are multiplied out
 * beside it, correctly rounded like the divider's own. What the file that includes this defines:
 *
 *   LANES, VECTOR           the doubles in a vector, and its type
 *   LANE_SET                a set of lanes, for BELOW(x, y), UNEQUAL(x, y) and HAS_LANES(set); | acts on sets, and
 *                           NO_LANES is the empty one
 *   INLINE_STEP, STEP       attributes of functions that are compiled for the instruction set
 *   ALL(x), ROOT(x)         a number in every lane; the divider's root
 *   FUSED(a, b, c)          a b + c, rounded once, and FUSED_LESS(a, b, c), c - a b
 *   LEAST(x, y), MOST(x, y) the smaller and the larger one; y if one is no number
 *   QUOTIENT(m, d)          m / d, but 0 where d is 0 or no number
 *   find_first_digits(count, x, y): reciprocals y of the roots of x >= 2^-900, to some bits
 *   are_plain(count, v)     whether the numbers in `count` vectors are BS_TINY or more
 *   UNCERTAIN               the exponent of the uncertainty of a root that is multiplied out, see there
 *   LARGEST_GROUP           vectors whose steps take turns at most: one after the other they would wait for themselves
 *
 * and, with its help, update_from(...), all vectors with a share of their roots. */

typedef long long INTEGERS __attribute__((vector_size(LANES * sizeof(long long))));

INLINE_STEP VECTOR times_power_of_two(VECTOR x, long long power) {
  return (VECTOR)((INTEGERS)x + power * (1LL << 52));
}

/* Roots of `count` vectors of numbers from 2^-900 up. Returns lanes in which one of them is not proved right.
 *
 * y is the root's reciprocal with an error e, g the root and h half its reciprocal after a step of third order, with
 * errors below E = 2.6 e^3. The root is g + (x - g^2) / (root + g), which g + (x - g^2) h leaves by less than 1.5 E^2
 * of it; so it lies between that and 2^UNCERTAIN of g less or more. Rounding keeps order: where both round to one
 * number, so does the root. */
INLINE_STEP LANE_SET multiply_out_roots(int count, const VECTOR *x, VECTOR *root) {
  VECTOR y[LARGEST_GROUP], r[LARGEST_GROUP], g[LARGEST_GROUP], h[LARGEST_GROUP];
  LANE_SET unproved = NO_LANES;
  find_first_digits(count, x, y);
  UNROLLED for (int i = 0; i < count; i++) g[i] = x[i] * y[i];
  UNROLLED for (int i = 0; i < count; i++) r[i] = FUSED_LESS(g[i], y[i], ALL(1.0));
  UNROLLED for (int i = 0; i < count; i++) h[i] = times_power_of_two(y[i], -1);
  UNROLLED for (int i = 0; i < count; i++) r[i] = r[i] * FUSED(ALL(0.375), r[i], ALL(0.5));
  UNROLLED for (int i = 0; i < count; i++) g[i] = FUSED(g[i], r[i], g[i]);
  UNROLLED for (int i = 0; i < count; i++) h[i] = FUSED(h[i], r[i], h[i]);
  UNROLLED for (int i = 0; i < count; i++) r[i] = FUSED_LESS(g[i], g[i], x[i]);
  UNROLLED for (int i = 0; i < count; i++) r[i] = r[i] * h[i];
  UNROLLED for (int i = 0; i < count; i++) {
    const VECTOR error = times_power_of_two(g[i], UNCERTAIN), high = g[i] + (r[i] + error);
    root[i] = g[i] + (r[i] - error);
    unproved |= UNEQUAL(root[i], high);
  }
  return unproved;
}

typedef struct {
  VECTOR scale, beta1, beta2, rest1, rest2, eta, shrink, eps;
  bs_eps source; /* of eps */
} rates;

INLINE_STEP VECTOR plus_eps(VECTOR root, rates rate, const double *own) {
  if (rate.source == BS_EPS_ZERO) return root;
  return root + (rate.source == BS_EPS_OF_ALL ? rate.eps : *(const VECTOR *)own);
}

/* m and v after the step, for `count` vectors from k on; roots[i] for those from `beside` on. */
INLINE_STEP void update_moments(int count, int beside, bs_second_moment second, bs_update u, rates rate, size_t k,
                                VECTOR *m, VECTOR *v, VECTOR *root) {
  UNROLLED for (int i = 0; i < count; i++) {
    const size_t at = k + (size_t)i * LANES;
    const VECTOR product = rate.scale * *(const VECTOR *)(u.row + at), g = ALL(0.0) + product;
    v[i] = *(const VECTOR *)(u.v + at);
    if (second == BS_SECOND_AVERAGE) v[i] = rate.beta2 * v[i] + rate.rest2 * (product * product);
    if (second == BS_SECOND_SUM) v[i] = v[i] + product * product;
    if (second != BS_SECOND_PER_SAMPLE) *(VECTOR *)(u.v + at) = v[i];
    if (i >= beside) root[i] = ROOT(v[i]);
    m[i] = rate.beta1 * *(const VECTOR *)(u.m + at) + rate.rest1 * g;
    *(VECTOR *)(u.m + at) = m[i];
  }
}

/* The roots of the vectors before `beside`. Where some v may be zero, these take the place of 2^-900, and its root is
 * taken off again: beside any other it is nothing. Returns the faded lanes of `count` vectors. */
INLINE_STEP LANE_SET find_roots(int count, int beside, bool plain, const VECTOR *v, VECTOR *root) {
  VECTOR x[LARGEST_GROUP], least = ALL(1.0);
  UNROLLED for (int i = 0; i < beside; i++) x[i] = plain ? v[i] : MOST(ALL(0x1p-900), v[i]);
  /* The double before v; before zero it is no number, of which the least takes no notice. */
  UNROLLED for (int i = 0; i < count && !plain; i++) least = LEAST((VECTOR)((INTEGERS)v[i] - 1), least);
  const LANE_SET faded = plain ? NO_LANES : BELOW(least, ALL(0x1.fffffffffffffp-401));
  if (!beside) return faded;
  const LANE_SET unproved = multiply_out_roots(beside, x, root);
  UNROLLED for (int i = 0; i < beside && !plain; i++) root[i] = root[i] - ALL(0x1p-450);
  if (__builtin_expect(HAS_LANES(unproved | faded), 0)) UNROLLED for (int i = 0; i < beside; i++) root[i] = ROOT(v[i]);
  return faded;
}

/* The weights of `count` vectors from k on, of which the first `beside` have their roots multiplied out. plain: no v is
 * below BS_TINY. Returns the faded lanes. */
INLINE_STEP LANE_SET update_weights(int count, int beside, bool plain, bs_update u, rates rate, size_t k,
                                    const VECTOR *m, const VECTOR *v, VECTOR *root) {
  VECTOR ratio[LARGEST_GROUP];
  const LANE_SET faded = find_roots(count, beside, plain, v, root);
  UNROLLED for (int i = 0; i < count; i++) {
    const VECTOR denominator = plus_eps(root[i], rate, u.eps + k + (size_t)i * LANES);
    ratio[i] = QUOTIENT(m[i], denominator);
    if (plain) ratio[i] = m[i] / denominator;
  }
  UNROLLED for (int i = 0; i < count; i++) {
    VECTOR *w = (VECTOR *)(u.w + k + (size_t)i * LANES);
    *w = rate.shrink * *w - rate.eta * ratio[i];
  }
  return faded;
}

INLINE_STEP LANE_SET update_group(int count, int beside, bs_second_moment second, bs_update u, rates rate, size_t k) {
  VECTOR m[LARGEST_GROUP], v[LARGEST_GROUP], root[LARGEST_GROUP];
  update_moments(count, beside, second, u, rate, k, m, v, root);
  if (beside && __builtin_expect(are_plain(count, v), 1))
    return update_weights(count, beside, true, u, rate, k, m, v, root);
  return update_weights(count, beside, false, u, rate, k, m, v, root);
}

INLINE_STEP LANE_SET update_from(bs_roots roots, bs_second_moment second, bs_update u, rates rate);

INLINE_STEP bool update_all(bs_roots roots, bs_second_moment second, bs_update u, bs_eps source, double scale) {
  const VECTOR one = ALL(1.0);
  rates rate = {.scale = ALL(scale),
                .beta1 = ALL(u.rate->beta1),
                .beta2 = ALL(u.rate->beta2),
                .eta = ALL(u.rate->eta),
                .shrink = ALL(u.rate->shrink),
                .eps = ALL(u.eps[0]),
                .source = source};
  rate.rest1 = one - rate.beta1;
  rate.rest2 = one - rate.beta2;
  return HAS_LANES(update_from(roots, second, u, rate));
}

INLINE_STEP bool update(bs_roots roots, bs_second_moment second, bs_update u, double scale) {
  const bs_eps source = bs_eps_of(&u);
  return source == BS_EPS_OWN      ? update_all(roots, second, u, BS_EPS_OWN, scale)
         : source == BS_EPS_OF_ALL ? update_all(roots, second, u, BS_EPS_OF_ALL, scale)
                                   : update_all(roots, second, u, BS_EPS_ZERO, scale);
}

#define STEP_OF(name, roots, second)                                                                                   \
  STEP static bool name(const bs_update *u, double scale) {                                                            \
    return update(roots, second, *u, scale);                                                                           \
  }
STEP_OF(average_with_few, BS_FEW_ROOTS, BS_SECOND_AVERAGE)
STEP_OF(average_with_many, BS_MANY_ROOTS, BS_SECOND_AVERAGE)
STEP_OF(sum_with_few, BS_FEW_ROOTS, BS_SECOND_SUM)
STEP_OF(sum_with_many, BS_MANY_ROOTS, BS_SECOND_SUM)
STEP_OF(per_sample_with_few, BS_FEW_ROOTS, BS_SECOND_PER_SAMPLE)
STEP_OF(per_sample_with_many, BS_MANY_ROOTS, BS_SECOND_PER_SAMPLE)
#undef STEP_OF

/* For each second moment; NULL: no rule that divides by a root keeps it. */
static bs_step *const STEPS[][BS_ROOTS] = {[BS_SECOND_AVERAGE] = {average_with_few, average_with_many},
                                           [BS_SECOND_SUM] = {sum_with_few, sum_with_many},
                                           [BS_SECOND_PER_SAMPLE] = {per_sample_with_few, per_sample_with_many}};
