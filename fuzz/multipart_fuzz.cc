// multipart/form-data bodies: the first line is the Content-Type, the rest the body.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = input.find('\n');
    const std::string_view type = input.substr(0, end);
    const std::string_view body =
        end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
    const auto parts = moat::http::parse_multipart(type, body);
    if (!parts) return 0;
    for (const auto& part : *parts) {
        const bool inside =
            part.data.empty() || (part.data.data() >= body.data() &&
                                  part.data.data() + part.data.size() <= body.data() + body.size());
        CHECK(inside, "a part's data lies outside of the body");
    }
    return 0;
}
