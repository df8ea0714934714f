/* Several classes in m = k - 1 coordinates: adding one vector to the weights of every class changes no margin, so that
 * the rows of weights are those of an orthonormal basis of the vectors that sum to zero, W = Q V with Q k x m
 * (Helmert). Spectral, nuclear and Frobenius norms of W and V are the same. */
#ifndef BIASCOPE_MARGIN_HELMERT_H
#define BIASCOPE_MARGIN_HELMERT_H

#include <stddef.h>

/* Q, row-major. */
void bs_helmert_fill(size_t k, double *basis);
/* to (k x d) = Q from (m x d), and to (m x d) = Q' from (k x d). */
void bs_helmert_expand(size_t k, size_t d, const double *basis, const double *from, double *to);
void bs_helmert_reduce(size_t k, size_t d, const double *basis, const double *from, double *to);
/* gram, (k d) x (k d) without gaps, of which the upper triangle is given, becomes (Q x I)' gram (Q x I), (m d) x (m d)
 * without gaps at its start, both triangles. scratch: (m d) x (k d). */
void bs_helmert_reduce_gram(size_t k, size_t d, const double *basis, double *gram, double *scratch);

#endif
