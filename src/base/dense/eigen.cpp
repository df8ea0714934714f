/* The back end that uses Eigen, a library of headers: it builds with any C++17 compiler. Every matrix is a view of the
 * caller's memory. Eigen allocates its own memory by malloc; a failure is caught here. */
#include "base/dense.h"

#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#define EIGEN_NO_DEBUG
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

namespace {

using Eigen::Index;
using Stride = Eigen::OuterStride<>;
using ColumnMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Columns = Eigen::Map<ColumnMajor>;
using Rows = Eigen::Map<RowMajor, 0, Stride>;
using ConstColumns = Eigen::Map<const ColumnMajor>;
using ConstRows = Eigen::Map<const RowMajor, 0, Stride>;
using Vector = Eigen::Map<Eigen::VectorXd>;
using ConstVector = Eigen::Map<const Eigen::VectorXd>;

Index index(size_t n) {
  return static_cast<Index>(n);
}

ConstRows rows_of(const double *a, size_t rows, size_t columns, size_t stride) {
  return {a, index(rows), index(columns), Stride(index(stride))};
}

Rows rows_of(double *a, size_t rows, size_t columns, size_t stride) {
  return {a, index(rows), index(columns), Stride(index(stride))};
}

bool is_finite(size_t n, const double *a) {
  return ConstVector(a, index(n)).allFinite();
}

/* Runs what may run out of memory. */
template <typename Work> bs_dense_status guarded(Work work) {
  try {
    return work();
  } catch (const std::bad_alloc &) {
    return BS_DENSE_NO_MEMORY;
  }
}

} // namespace

void bs_dense_set_threads(int) {}

/* ---- Products ------------------------------------------------------------------------------------- */

void bs_dense_apply(size_t rows, size_t columns, double scale, const double *a, size_t stride, const double *x,
                    double keep, double *y) {
  for (size_t i = 0; i < rows; i++) {
    const double kept = keep == 0.0 ? 0.0 : keep * y[i];
    y[i] = kept + scale * ConstVector(a + i * stride, index(columns)).dot(ConstVector(x, index(columns)));
  }
}

void bs_dense_combine(size_t rows, size_t columns, double scale, const double *a, size_t stride, const double *x,
                      double *y) {
  for (size_t i = 0; i < rows; i++)
    Vector(y, index(columns)) += scale * x[i] * ConstVector(a + i * stride, index(columns));
}

/* Blocks of a product are copied into memory of their own; without that memory the product takes longer. */
void bs_dense_multiply_abt(size_t m, size_t n, size_t k, double scale, const double *a, const double *b, double *c,
                           size_t stride) {
  try {
    rows_of(c, m, n, stride).noalias() = scale * rows_of(a, m, k, k) * rows_of(b, n, k, k).transpose();
  } catch (const std::bad_alloc &) {
    rows_of(c, m, n, stride) = scale * rows_of(a, m, k, k).lazyProduct(rows_of(b, n, k, k).transpose());
  }
}

void bs_dense_multiply_atb(size_t m, size_t n, size_t k, double scale, const double *a, const double *b, double *c) {
  try {
    rows_of(c, m, n, n).noalias() = scale * rows_of(a, k, m, m).transpose() * rows_of(b, k, n, n);
  } catch (const std::bad_alloc &) {
    rows_of(c, m, n, n) = scale * rows_of(a, k, m, m).transpose().lazyProduct(rows_of(b, k, n, n));
  }
}

/* Adds the product of `block` rows of A at a time with all rows of A that the upper triangle needs. Entries below it
 * within a block are overwritten too, but never read. */
template <typename Left> static void add_gram(const Left &a, Rows g) {
  const Index block = 64, n = g.rows();
  for (Index first = 0; first < n; first += block) {
    const Index count = std::min(block, n - first), rest = n - first;
    auto target = g.block(first, first, count, rest);
    try {
      target.noalias() += a.middleRows(first, count) * a.bottomRows(rest).transpose();
    } catch (const std::bad_alloc &) {
      target += a.middleRows(first, count).lazyProduct(a.bottomRows(rest).transpose());
    }
  }
}

void bs_dense_row_gram(size_t n, size_t k, const double *a, size_t stride, double *g, size_t order) {
  for (size_t i = 0; i < n; i++) Vector(g + i * order, index(n)).setZero();
  add_gram(rows_of(a, n, k, stride), rows_of(g, n, n, order));
}

void bs_dense_add_column_gram(size_t n, size_t k, const double *a, size_t stride, double *g, size_t order) {
  add_gram(rows_of(a, k, n, stride).transpose(), rows_of(g, n, n, order));
}

/* ---- Square systems ------------------------------------------------------------------------------- */

/* In blocks of rows, without the additional memory that Eigen's blocks take. */
bool bs_dense_cholesky(size_t n, double *k, size_t stride) {
  Rows matrix = rows_of(k, n, n, stride);
  const Index block = 64, order = index(n);
  for (Index first = 0; first < order; first += block) {
    const Index count = std::min(block, order - first), rest = order - first - count;
    auto diagonal = matrix.block(first, first, count, count);
    if (Eigen::internal::llt_inplace<double, Eigen::Upper>::unblocked(diagonal) >= 0) return false;
    if (!diagonal.diagonal().allFinite()) return false;
    if (rest == 0) break;
    auto right = matrix.block(first, first + count, count, rest);
    for (Index i = 0; i < count; i++) {
      for (Index l = 0; l < i; l++) right.row(i) -= diagonal(l, i) * right.row(l);
      right.row(i) /= diagonal(i, i);
    }
    for (Index i = 0; i < rest; i++) {
      auto target = matrix.row(first + count + i).segment(first + count + i, rest - i);
      for (Index l = 0; l < count; l++) target -= right(l, i) * right.row(l).segment(i, rest - i);
    }
  }
  return true;
}

void bs_dense_cholesky_solve(size_t n, const double *u, size_t stride, double *x) {
  const ConstRows factor = rows_of(u, n, n, stride);
  Vector vector(x, index(n));
  factor.triangularView<Eigen::Upper>().transpose().solveInPlace(vector);
  factor.triangularView<Eigen::Upper>().solveInPlace(vector);
}

namespace {
/* The order of the row exchanges, which the base class does not make public. */
struct Lu : Eigen::PartialPivLU<Eigen::Ref<ColumnMajor>> {
  explicit Lu(Eigen::Ref<ColumnMajor> a) : PartialPivLU(a) {}
  int exchange(Index k) const { return static_cast<int>(m_rowsTranspositions.coeff(k)); }
};
} // namespace

/* Without the condition number, small systems need no memory. */
static bs_dense_status factor_alone(size_t n, double *a, int *pivot) {
  using Blocks = Eigen::internal::partial_lu_impl<double, Eigen::ColMajor, int>;
  int exchanges = 0;
  const Index zero_pivot = Blocks::blocked_lu(index(n), index(n), a, index(n), pivot, exchanges);
  return zero_pivot < 0 ? BS_DENSE_OK : BS_DENSE_FAILED;
}

static bs_dense_status factor_and_examine(size_t n, double *a, int *pivot, double *reciprocal) {
  Columns matrix(a, index(n), index(n));
  const Lu lu(matrix);
  for (size_t k = 0; k < n; k++) pivot[k] = lu.exchange(index(k));
  if ((matrix.diagonal().array() == 0.0).any()) return BS_DENSE_FAILED;
  if (is_finite(n * n, a)) *reciprocal = lu.rcond();
  return BS_DENSE_OK;
}

bs_dense_status bs_dense_lu(size_t n, double *a, int *pivot, double *reciprocal) {
  if (reciprocal) *reciprocal = 0.0;
  if (!is_finite(n * n, a)) return BS_DENSE_FAILED;
  return guarded([&] { return reciprocal ? factor_and_examine(n, a, pivot, reciprocal) : factor_alone(n, a, pivot); });
}

void bs_dense_lu_solve(size_t n, const double *lu, const int *pivot, bool transposed, double *x) {
  const ConstColumns factors(lu, index(n), index(n));
  Vector vector(x, index(n));
  if (transposed) {
    factors.triangularView<Eigen::Upper>().transpose().solveInPlace(vector);
    factors.triangularView<Eigen::UnitLower>().transpose().solveInPlace(vector);
    for (size_t k = n; k-- > 0;) std::swap(x[k], x[pivot[k]]);
    return;
  }
  for (size_t k = 0; k < n; k++) std::swap(x[k], x[pivot[k]]);
  factors.triangularView<Eigen::UnitLower>().solveInPlace(vector);
  factors.triangularView<Eigen::Upper>().solveInPlace(vector);
}

/* ---- Decompositions ------------------------------------------------------------------------------- */

/* Eigen's own singular value decompositions free memory twice if they run out of it. This is the method of Drmac and
 * Veselic (SIAM J. Matrix Anal. 29, 2008) in short: A P = Q R by pivoted Householder reflections, then R' = U S V' by
 * Jacobi rotations of its columns, so that A = (Q V) S (P U)'. Small singular values are found to relative accuracy. */
namespace {

struct Svd {
  ColumnMajor left, right; /* vectors of the tall side, rows x rows if all are wanted, and of the thin side, n x n */
  Eigen::VectorXd singular;
};

/* Rotates columns i and j of both matrices so that those of `a` are orthogonal; false if they were. */
bool rotate(ColumnMajor &a, ColumnMajor &v, Index i, Index j) {
  const double ii = a.col(i).squaredNorm(), jj = a.col(j).squaredNorm(), ij = a.col(i).dot(a.col(j));
  if (!(std::abs(ij) > 4.0 * std::numeric_limits<double>::epsilon() * std::sqrt(ii) * std::sqrt(jj))) return false;
  const double zeta = (jj - ii) / (2.0 * ij);
  const double t = std::copysign(1.0, zeta) / (std::abs(zeta) + std::hypot(1.0, zeta));
  const double c = 1.0 / std::hypot(1.0, t), s = c * t;
  for (ColumnMajor *matrix : {&a, &v}) {
    for (Index k = 0; k < matrix->rows(); k++) {
      const double x = (*matrix)(k, i), y = (*matrix)(k, j);
      (*matrix)(k, i) = c * x - s * y;
      (*matrix)(k, j) = s * x + c * y;
    }
  }
  return true;
}

bool make_orthogonal(ColumnMajor &a, ColumnMajor &v) {
  for (int sweep = 0; sweep < 60; sweep++) {
    bool rotated = false;
    for (Index i = 0; i < a.cols(); i++)
      for (Index j = i + 1; j < a.cols(); j++) rotated |= rotate(a, v, i, j);
    if (!rotated) return true;
  }
  return false;
}

/* u: scales columns of the lengths `singular` to length 1; those of length zero become any that complete the others. */
void normalise(ColumnMajor &u, const Eigen::VectorXd &singular) {
  Index rank = 0;
  while (rank < u.cols() && singular(rank) > 0.0) rank++;
  for (Index k = 0; k < rank; k++) u.col(k) /= singular(k);
  if (rank == u.cols()) return;
  ColumnMajor all = ColumnMajor::Identity(u.rows(), u.cols());
  if (rank > 0) {
    const Eigen::HouseholderQR<ColumnMajor> qr(u.leftCols(rank));
    all = qr.householderQ() * all;
  }
  u.rightCols(u.cols() - rank) = all.rightCols(u.cols() - rank);
}

/* For a tall matrix. all_left: every left vector, first the n that belong to singular values. */
bool decompose(const Eigen::Ref<const ColumnMajor> &tall, bool all_left, Svd &out) {
  const Index rows = tall.rows(), n = tall.cols();
  const double size = tall.cwiseAbs().maxCoeff(), scale = size > 0.0 ? size : 1.0;
  const ColumnMajor scaled = tall / scale;
  const Eigen::ColPivHouseholderQR<ColumnMajor> qr(scaled);
  ColumnMajor u = qr.matrixR().topRows(n).template triangularView<Eigen::Upper>().toDenseMatrix().transpose();
  ColumnMajor v = ColumnMajor::Identity(n, n);
  if (!make_orthogonal(u, v)) return false;
  const Eigen::VectorXd length = u.colwise().norm();
  std::vector<Index> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), Index(0));
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return length(a) > length(b); });
  const ColumnMajor u_sorted = u(Eigen::all, order), v_sorted = v(Eigen::all, order);
  const Eigen::VectorXd sorted = length(order);
  out.singular = scale * sorted;
  u = u_sorted;
  normalise(u, sorted);
  out.right = qr.colsPermutation() * u;
  out.left = ColumnMajor::Identity(rows, all_left ? rows : n);
  out.left.topLeftCorner(n, n) = v_sorted;
  out.left = qr.householderQ() * out.left;
  return true;
}

} // namespace

bs_dense_status bs_dense_svd(size_t rows, size_t columns, double *a, double *left, double *singular, double *right) {
  const size_t least = std::min(rows, columns);
  if (!is_finite(rows * columns, a)) return BS_DENSE_FAILED;
  if (least == 0) return BS_DENSE_OK;
  return guarded([&] {
    Svd svd;
    const ConstRows matrix = rows_of(static_cast<const double *>(a), rows, columns, columns);
    const bool tall = rows >= columns;
    if (!(tall ? decompose(ColumnMajor(matrix), false, svd) : decompose(ColumnMajor(matrix.transpose()), false, svd)))
      return BS_DENSE_FAILED;
    rows_of(left, rows, least, least) = tall ? svd.left : svd.right;
    Vector(singular, index(least)) = svd.singular;
    rows_of(right, least, columns, columns) = (tall ? svd.right : svd.left).transpose();
    return BS_DENSE_OK;
  });
}

bs_dense_status bs_dense_right_vectors(size_t rows, size_t columns, double *a, double *singular, double *right) {
  const size_t least = std::min(rows, columns);
  if (!is_finite(rows * columns, a)) return BS_DENSE_FAILED;
  if (least == 0) {
    rows_of(right, columns, columns, columns).setIdentity();
    return BS_DENSE_OK;
  }
  return guarded([&] {
    Svd svd;
    const ConstRows matrix = rows_of(static_cast<const double *>(a), rows, columns, columns);
    const bool tall = rows >= columns;
    if (!(tall ? decompose(ColumnMajor(matrix), false, svd) : decompose(ColumnMajor(matrix.transpose()), true, svd)))
      return BS_DENSE_FAILED;
    Vector(singular, index(least)) = svd.singular;
    rows_of(right, columns, columns, columns) = (tall ? svd.right : svd.left).transpose();
    return BS_DENSE_OK;
  });
}

bs_dense_status bs_dense_least_squares(size_t rows, size_t columns, double *a, double *b) {
  if (!is_finite(rows * columns, a) || !is_finite(rows, b)) return BS_DENSE_FAILED;
  return guarded([&] {
    Columns matrix(a, index(rows), index(columns));
    const Eigen::HouseholderQR<Eigen::Ref<ColumnMajor>> qr(matrix);
    if ((matrix.diagonal().array() == 0.0).any()) return BS_DENSE_FAILED;
    const Eigen::VectorXd x = qr.solve(Vector(b, index(rows)));
    Vector(b, index(columns)) = x;
    return BS_DENSE_OK;
  });
}

bs_dense_status bs_dense_shortest_least_squares(size_t rows, size_t columns, double *a, double *b, double *singular,
                                                double tolerance) {
  const size_t least = std::min(rows, columns);
  if (!is_finite(rows * columns, a) || !is_finite(rows, b)) return BS_DENSE_FAILED;
  Vector target(b, index(std::max(rows, columns)));
  if (least == 0) {
    target.setZero();
    return BS_DENSE_OK;
  }
  return guarded([&] {
    Svd svd;
    const ConstColumns matrix(a, index(rows), index(columns));
    const bool tall = rows >= columns;
    if (!(tall ? decompose(matrix, false, svd) : decompose(ColumnMajor(matrix.transpose()), false, svd)))
      return BS_DENSE_FAILED;
    Vector(singular, index(least)) = svd.singular;
    const ColumnMajor &left = tall ? svd.left : svd.right, &right = tall ? svd.right : svd.left;
    Eigen::VectorXd parts = left.transpose() * target.head(index(rows));
    for (Index k = 0; k < index(least); k++)
      parts(k) = svd.singular(k) > tolerance * svd.singular(0) ? parts(k) / svd.singular(k) : 0.0;
    const Eigen::VectorXd x = right * parts;
    target.head(index(columns)) = x;
    return BS_DENSE_OK;
  });
}

bs_dense_status bs_dense_eigenvalues(size_t n, double *a, double *real, double *imaginary) {
  if (!is_finite(n * n, a)) return BS_DENSE_FAILED;
  if (n == 0) return BS_DENSE_OK;
  return guarded([&] {
    const Eigen::EigenSolver<ColumnMajor> solver(Columns(a, index(n), index(n)), false);
    if (solver.info() != Eigen::Success) return BS_DENSE_FAILED;
    Vector(real, index(n)) = solver.eigenvalues().real();
    Vector(imaginary, index(n)) = solver.eigenvalues().imag();
    return BS_DENSE_OK;
  });
}
