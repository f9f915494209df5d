#include "adapters/ooxml/zip_archive.h"

#include <array>

#include <fmt/format.h>
#include <zip.h>

namespace moat::adapters {
namespace {

struct CloseFile {
    void operator()(zip_file_t* file) const { (void)zip_fclose(file); }  // only read
};

std::string message_of(int code) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return text;
}

}  // namespace

void ZipArchive::Close::operator()(zip* archive) const {
    zip_discard(archive);
}

Result<ZipArchive> ZipArchive::open(BytesView data, std::size_t max_unpacked_bytes) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(data.data(), data.size(), 0, &error);
    zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (archive == nullptr) {
        if (source != nullptr) zip_source_free(source);
        return Error{
            ErrorCode::corrupt,
            fmt::format("is damaged or cut off: its ZIP directory cannot be read ({})", reason)
        };
    }
    return ZipArchive(archive, max_unpacked_bytes);
}

bool ZipArchive::contains(const std::string& name) const {
    return zip_name_locate(archive_.get(), name.c_str(), 0) >= 0;
}

Result<std::string> ZipArchive::read(const std::string& name) {
    const zip_int64_t index = zip_name_locate(archive_.get(), name.c_str(), 0);
    if (index < 0) return Error{ErrorCode::not_found, fmt::format("lacks its part {}", name)};
    const auto broken = [&](const std::string& reason) {
        return Error{ErrorCode::corrupt, fmt::format("has a broken part {} ({})", name, reason)};
    };
    const std::unique_ptr<zip_file_t, CloseFile> file(
        zip_fopen_index(archive_.get(), static_cast<zip_uint64_t>(index), 0)
    );
    if (!file) {
        const int code = zip_error_code_zip(zip_get_error(archive_.get()));
        if (code == ZIP_ER_NOPASSWD || code == ZIP_ER_WRONGPASSWD) {
            return Error{
                ErrorCode::unsupported, "is encrypted: save a copy without password and add that"
            };
        }
        return broken(message_of(code));
    }
    std::string out;
    std::array<char, 1U << 16U> buffer{};
    while (true) {
        const zip_int64_t got = zip_fread(file.get(), buffer.data(), buffer.size());
        if (got < 0) return broken(message_of(zip_error_code_zip(zip_file_get_error(file.get()))));
        if (got == 0) return out;
        const auto size = static_cast<std::size_t>(got);
        if (size > budget_)
            return Error{
                ErrorCode::too_large, "unpacks to more than its limit allows (a ZIP bomb?)"
            };
        budget_ -= size;
        out.append(buffer.data(), size);
    }
}

}  // namespace moat::adapters
