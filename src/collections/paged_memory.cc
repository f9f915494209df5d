#include "collections/paged_memory.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"

namespace moat::collections {
namespace {

Error failed(std::string_view what, int error) {
    return {
        ErrorCode::io,
        fmt::format(
            "the file for vectors that the store's memory has no room for: {}: {}",
            what,
            std::generic_category().message(error)
        )
    };
}

Result<Fd> unnamed_file(const std::filesystem::path& folder) {
    TRY(make_directories(folder));
    const std::filesystem::path path = temporary_beside(folder / "paged");
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return failed("open", errno);
    if (::unlink(path.c_str()) != 0) return failed("unlink", errno);
    return file;
}

}  // namespace

PagedMemory::~PagedMemory() {
    for (const Mapping& mapping : mappings_)
        ::munmap(mapping.address, mapping.bytes);
    budget_->give_back(first_used_ + taken_ - released_);
}

Result<std::byte*> PagedMemory::chunk(std::size_t number, std::size_t bytes) {
    if (number == 0) return memory_.chunk(number, bytes);
    if (!budget_->take(bytes)) return chunk_of_file(bytes);
    taken_ += bytes;
    return memory_.chunk(number, bytes);
}

void PagedMemory::in_use(std::size_t bytes) {
    if (bytes <= first_used_) return;
    budget_->add(bytes - first_used_);
    first_used_ = bytes;
}

void PagedMemory::release(std::byte* from, std::size_t bytes) {
    const auto holds = [from](const Mapping& mapping) {
        const auto* const begin = static_cast<std::byte*>(mapping.address);
        return from >= begin && from < begin + mapping.bytes;
    };
    if (std::ranges::any_of(mappings_, holds)) return;  // the system drops them by itself
    memory_.release(from, bytes);
    released_ += bytes;
    budget_->give_back(bytes);
}

Result<std::byte*> PagedMemory::chunk_of_file(std::size_t bytes) {
    if (!file_) {
        TRY_ASSIGN(file_, unnamed_file(folder_));
    }
    const auto offset = static_cast<off_t>(file_bytes_);
    // Reserved, because a write into a mapped hole on a full disk is a signal and no error.
    if (const int error = ::posix_fallocate(file_.get(), offset, static_cast<off_t>(bytes));
        error != 0) {
        return failed("no space", error);
    }
    void* const address =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), offset);
    if (address == MAP_FAILED) return failed("mmap", errno);
    // Walks jump about: what lies around a page that is read is not needed with it.
    (void)::madvise(address, bytes, MADV_RANDOM);
    mappings_.push_back({address, bytes});
    file_bytes_ += bytes;
    return static_cast<std::byte*>(address);
}

}  // namespace moat::collections
