#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/bytes.h"

// MD5 (RFC 1321), which object stores still name uploads by. It protects against nothing.
// Threads: a stream is used by one at a time.
namespace moat {

class Md5Stream {
  public:
    Md5Stream();
    ~Md5Stream();
    Md5Stream(Md5Stream&&) noexcept;
    Md5Stream& operator=(Md5Stream&&) noexcept;

    void update(BytesView data);
    // The digest of all updates; the stream is spent.
    std::array<std::byte, 16> finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace moat
