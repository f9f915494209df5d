#include "http/body_coding.h"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "http/origin_policy.h"

namespace moat::http {
namespace {

using Piece = std::array<char, std::size_t{64} << 10>;

// A frame may ask for a window as large as its content; this is what RFC 8878 section 3.1.1.1.2
// recommends every decoder to support, and bounds what one request can make us allocate.
constexpr int kMaxZstdWindowLog = 23;

Error broken(std::string_view coding) {
    return Error{ErrorCode::invalid_argument, fmt::format("the body is no valid {} data", coding)};
}

Error too_long(std::size_t max_bytes) {
    return Error{
        ErrorCode::too_large,
        fmt::format("the unpacked body is larger than the {} bytes allowed here", max_bytes)
    };
}

Result<std::string> unpack_gzip(std::string_view body, std::size_t max_bytes) {
    z_stream stream{};
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream, kGzipOnly) != Z_OK)
        return Error{ErrorCode::too_large, "not enough memory to unpack the body"};
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> owner(&stream, &inflateEnd);
    // zlib reads through it only.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    stream.avail_in = static_cast<uInt>(body.size());
    std::string out;
    Piece piece;
    int code = Z_OK;
    while (code == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = piece.size();
        code = inflate(&stream, Z_NO_FLUSH);
        out.append(piece.data(), piece.size() - stream.avail_out);
        if (out.size() > max_bytes) return too_long(max_bytes);
    }
    if (code != Z_STREAM_END || stream.avail_in != 0) return broken("gzip");
    return out;
}

Result<std::string> unpack_zstd(std::string_view body, std::size_t max_bytes) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
        ZSTD_createDCtx(), &ZSTD_freeDCtx
    );
    if (!context) return Error{ErrorCode::too_large, "not enough memory to unpack the body"};
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
    ZSTD_inBuffer in{body.data(), body.size(), 0};
    std::string out;
    Piece piece;
    std::size_t expects = 1;  // 0: a frame has ended
    while (in.pos < in.size || expects != 0) {
        ZSTD_outBuffer to{piece.data(), piece.size(), 0};
        expects = ZSTD_decompressStream(context.get(), &to, &in);
        if (ZSTD_isError(expects) != 0) return broken("zstd");
        out.append(piece.data(), to.pos);
        if (out.size() > max_bytes) return too_long(max_bytes);
        // Nothing more to read, nothing was left to write: the frame is cut short.
        if (expects != 0 && in.pos == in.size && to.pos < to.size) return broken("zstd");
    }
    return out;
}

}  // namespace

Result<std::string> decode_body(
    std::string_view body, std::string_view coding, std::size_t max_bytes
) {
    if (matches_pattern("identity", coding)) return std::string(body);
    if (matches_pattern("gzip", coding)) return unpack_gzip(body, max_bytes);
    if (matches_pattern("zstd", coding)) return unpack_zstd(body, max_bytes);
    return Error{
        ErrorCode::unsupported,
        "this Content-Encoding is not understood: send the body as it is, or as gzip or zstd"
    };
}

}  // namespace moat::http
