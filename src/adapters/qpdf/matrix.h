#pragma once

// A transformation of the plane as PDF writes it: (x, y) -> (a x + c y + e, b x + d y + f).
namespace moat::adapters {

struct Point {
    double x = 0;
    double y = 0;
};

struct Matrix {
    double a = 1;
    double b = 0;
    double c = 0;
    double d = 1;
    double e = 0;
    double f = 0;

    // First this one, then `next`.
    Matrix then(const Matrix& next) const {
        return {
            a * next.a + b * next.c,
            a * next.b + b * next.d,
            c * next.a + d * next.c,
            c * next.b + d * next.d,
            e * next.a + f * next.c + next.e,
            e * next.b + f * next.d + next.f,
        };
    }
    Point apply(double x, double y) const { return {a * x + c * y + e, b * x + d * y + f}; }
    // Of a direction: without the shift.
    Point turn(double x, double y) const { return {a * x + c * y, b * x + d * y}; }
};

}  // namespace moat::adapters
