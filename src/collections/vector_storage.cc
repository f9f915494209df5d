#include "collections/vector_storage.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "base/ids.h"
#include "base/test_point.h"
#include "collections/checksum.h"
#include "collections/paged_memory.h"

namespace moat::collections {
namespace {

constexpr std::array<char, 8> kMagic{'M', 'O', 'A', 'T', 'V', 'G', '\r', '\n'};
constexpr std::uint32_t kVersion = 3;
constexpr std::uint32_t kOldestVersion = 2;  // had codes of eight bits only
constexpr std::size_t kBodyAt = 4096;        // a page, so that the body can be mapped
constexpr std::size_t kVerifyPiece = std::size_t{8} << 20;  // bytes that one call reads
constexpr std::size_t kGenerationBytes = 16;                // hex digits

// The head of a graph file, all little-endian; the body, which begins on the second page, is what
// VectorIndex::save() writes.
struct Header {
    std::array<char, 8> magic{};
    std::uint32_t version = 0;
    CollectionNumber collection = 0;
    std::uint32_t dimensions = 0;
    std::uint32_t distance = 0;
    std::uint32_t rows = 0;
    std::uint32_t unused = 0;
    std::array<char, kGenerationBytes> generation{};
    std::uint64_t body_bytes = 0;
    std::uint64_t body_checksum = 0;
    std::uint64_t header_checksum = 0;  // of all before

    std::uint64_t own_checksum() const {
        return checksum_of({reinterpret_cast<const char*>(this), offsetof(Header, header_checksum)}
        );
    }
};
static_assert(sizeof(Header) == 72);

Error io_error(std::string_view what) {
    return {
        ErrorCode::io,
        fmt::format("a vector graph file: {}: {}", what, std::generic_category().message(errno))
    };
}
Error damaged(std::string_view what) {
    return {ErrorCode::corrupt, fmt::format("a vector graph file {}", what)};
}

Status write_all(int file, BytesView bytes, off_t offset) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return io_error("write");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += written;
    }
    return Ok{};
}

class FileSink final : public index::ImageSink {
  public:
    FileSink(int file, off_t start) : file_(file), at_(start) {}

    Status write(BytesView bytes) override {
        TRY(write_all(file_, bytes, at_));
        checksum_.update(text_of(bytes));
        at_ += static_cast<off_t>(bytes.size());
        return Ok{};
    }
    off_t end() const { return at_; }
    std::uint64_t checksum() const { return checksum_.value(); }

  private:
    const int file_;
    off_t at_;
    ChecksumStream checksum_;
};

// The body of a graph file, mapped so that what is changed stays in memory.
class MappedImage final : public index::ImageMemory {
  public:
    static Result<std::shared_ptr<MappedImage>> map(int file, std::uint64_t bytes) {
        void* const address = ::mmap(
            nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, kBodyAt
        );
        if (address == MAP_FAILED) return io_error("mmap");
        // Walks jump about: what lies around a page that is read is not needed with it.
        (void)::madvise(address, bytes, MADV_RANDOM);
        return std::make_shared<MappedImage>(static_cast<std::byte*>(address), bytes);
    }
    MappedImage(std::byte* address, std::size_t bytes) : bytes_(address, bytes) {}
    ~MappedImage() override { ::munmap(bytes_.data(), bytes_.size()); }
    MappedImage(const MappedImage&) = delete;
    MappedImage& operator=(const MappedImage&) = delete;

    std::span<std::byte> bytes() override { return bytes_; }

  private:
    const std::span<std::byte> bytes_;
};

Result<Header> read_header(int file, CollectionNumber collection) {
    Header header;
    const ssize_t got = ::read(file, &header, sizeof header);
    if (got < 0) return io_error("read");
    if (got != sizeof header || header.magic != kMagic) return damaged("has no header");
    if (header.header_checksum != header.own_checksum()) return damaged("has a damaged header");
    if (header.version < kOldestVersion || header.version > kVersion) {
        return Error{ErrorCode::unsupported, "a vector graph file has another format version"};
    }
    if (header.collection != collection) return damaged("is of another collection");
    return header;
}

}  // namespace

// How far the bytes of a restored graph have been compared with their checksum.
struct VectorStorage::Verification {
    Fd file;
    off_t at = kBodyAt;
    std::uint64_t left = 0;
    std::uint64_t expected = 0;
    ChecksumStream checksum;
};

namespace {

// What the names of its files begin with.
std::string file_name(CollectionNumber collection, VectorSlot slot) {
    return slot == 0 ? std::to_string(collection) : fmt::format("{}.{}", collection, slot);
}

}  // namespace

VectorStorage::VectorStorage(VectorPlace place, CollectionNumber collection, VectorSlot slot)
    : place_(std::move(place)), collection_(collection), name_(file_name(collection, slot)) {}

VectorStorage::~VectorStorage() = default;

index::VectorIndexOptions VectorStorage::options_for(const VectorShape& shape) const {
    index::VectorIndexOptions options;
    options.graph_rows = place_.upkeep.graph_rows;
    options.code_width = shape.code_width;
    // With as much again for the links and records of as many rows, and half for the codes of four
    // bits that are made while those of eight are there.
    options.eight_bit_bytes = place_.memory->limit() / 4;
    options.memory = [memory = place_.memory, folder = place_.folder] {
        return std::make_unique<PagedMemory>(memory, folder);
    };
    return options;
}

std::filesystem::path VectorStorage::graph_path() const {
    return place_.folder / (name_ + ".graph");
}

std::filesystem::path VectorStorage::vectors_path(const std::string& generation) const {
    return place_.folder / fmt::format("{}-{}.vectors", name_, generation);
}

namespace {

// Of which the name begins with any of `starts`.
Status remove_starting(const std::filesystem::path& folder, std::span<const std::string> starts) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        const auto begins = [&name](const std::string& start) { return name.starts_with(start); };
        if (std::ranges::any_of(starts, begins)) std::filesystem::remove(entry.path(), error);
    }
    // A folder that is not there has no files.
    if (error && error != std::errc::no_such_file_or_directory) {
        return Error{ErrorCode::io, fmt::format("vector files: {}", error.message())};
    }
    return Ok{};
}

}  // namespace

Status VectorStorage::remove_files(
    const std::filesystem::path& folder, CollectionNumber collection
) {
    const std::string number = std::to_string(collection);
    return remove_starting(folder, std::array{number + "-", number + "."});
}

Status VectorStorage::remove_files(
    const std::filesystem::path& folder, CollectionNumber collection, VectorSlot slot
) {
    const std::string name = file_name(collection, slot);
    return remove_starting(folder, std::array{name + "-", name + ".graph"});
}

Result<std::shared_ptr<index::VectorIndex>> VectorStorage::create(const VectorShape& shape) {
    const index::VectorIndexOptions options = options_for(shape);
    if (place_.in_memory) {
        return std::make_shared<index::VectorIndex>(
            shape.dimensions, shape.distance, options.memory(), options
        );
    }
    TRY(make_directories(place_.folder));
    TRY(remove_starting(place_.folder, std::array{name_ + "-", name_ + ".graph"}));
    generation_ = random_hex(kGenerationBytes / 2);
    TRY_ASSIGN(auto file, VectorFile::open(vectors_path(generation_), true));
    file_ = file.get();
    saved_end_ = 0;
    return std::make_shared<index::VectorIndex>(
        shape.dimensions, shape.distance, std::move(file), options
    );
}

Result<std::shared_ptr<index::VectorIndex>> VectorStorage::restore(
    const VectorShape& shape, Row end
) {
    if (place_.in_memory) return Error{ErrorCode::not_found, "vectors in memory are not saved"};
    Fd file(::open(graph_path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT) return Error{ErrorCode::not_found, "no vector graph was saved"};
    if (!file) return io_error("open");
    TRY_ASSIGN(const Header header, read_header(file.get(), collection_));
    if (header.dimensions != shape.dimensions || header.rows > end ||
        header.distance != static_cast<std::uint32_t>(shape.distance)) {
        return damaged("fits another state of the collection");
    }
    const std::string generation(header.generation.begin(), header.generation.end());
    std::error_code error;
    const auto size = std::filesystem::file_size(vectors_path(generation), error);
    if (error || size / (shape.dimensions * sizeof(float)) < header.rows) {
        return damaged("has lost its vectors");
    }
    TRY_ASSIGN(auto vectors, VectorFile::open(vectors_path(generation), false));
    const VectorFile* const vectors_file = vectors.get();
    auto index = std::make_shared<index::VectorIndex>(
        shape.dimensions, shape.distance, std::move(vectors), options_for(shape)
    );
    const auto body_end = std::filesystem::file_size(graph_path(), error);
    if (error || header.body_bytes == 0 || body_end - kBodyAt != header.body_bytes) {
        return damaged("ends too early");
    }
    TRY_ASSIGN(const auto image, MappedImage::map(file.get(), header.body_bytes));
    TRY(index->restore(image));
    if (index->graph_end() != header.rows) return damaged("contradicts itself");
    generation_ = generation;
    file_ = vectors_file;
    saved_end_ = header.rows;
    verification_ = std::make_unique<Verification>();
    verification_->file = std::move(file);
    verification_->left = header.body_bytes;
    verification_->expected = header.body_checksum;
    return index;
}

Result<bool> VectorStorage::verify_some() {
    if (verification_ == nullptr) return true;
    Verification& it = *verification_;
    std::vector<std::byte> piece(std::min<std::uint64_t>(it.left, kVerifyPiece));
    const ssize_t got = ::pread(it.file.get(), piece.data(), piece.size(), it.at);
    if (got < 0 && errno == EINTR) return false;
    if (got < 0) return io_error("read");
    if (got == 0) return damaged("ends too early");
    const auto read = static_cast<std::size_t>(got);
    it.checksum.update(text_of(std::span(piece).first(read)));
    it.at += got;
    it.left -= read;
    if (it.left > 0) return false;
    const bool intact = it.checksum.value() == it.expected;
    verification_.reset();
    if (intact) return true;
    // It is not to be believed by the next start either.
    std::error_code error;
    std::filesystem::remove(graph_path(), error);
    saved_end_ = 0;
    return damaged("is damaged (checksum)");
}

bool VectorStorage::checkpoint_is_due(const index::VectorIndex& vectors) const {
    const std::size_t saved = saved_end_;
    return !place_.in_memory &&
           vectors.graph_end() >= saved + std::max(place_.upkeep.checkpoint_rows, saved / 8);
}

Status VectorStorage::checkpoint(const index::VectorIndex& vectors) {
    const Row end = vectors.graph_end();
    const std::filesystem::path temporary = temporary_beside(graph_path());
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return io_error("create");
    Header header;
    header.magic = kMagic;
    header.version = kVersion;
    header.collection = collection_;
    header.dimensions = static_cast<std::uint32_t>(vectors.dimensions());
    header.distance = static_cast<std::uint32_t>(vectors.distance());
    header.rows = end;
    std::copy(generation_.begin(), generation_.end(), header.generation.begin());
    FileSink sink(file.get(), kBodyAt);
    const auto write = [&]() -> Status {
        TRY(vectors.save(sink));
        TEST_POINT("checkpoint.body_written");
        header.body_bytes = static_cast<std::uint64_t>(sink.end()) - kBodyAt;
        header.body_checksum = sink.checksum();
        header.header_checksum = header.own_checksum();
        TRY(write_all(file.get(), std::as_bytes(std::span(&header, 1)), 0));
        if (::fsync(file.get()) != 0) return io_error("fsync");
        // The graph counts on the vectors, so those go first.
        TRY(file_->sync());
        TEST_POINT("checkpoint.before_rename");
        return publish_file(temporary, graph_path());
    };
    Status written = write();
    if (!written) {
        std::error_code ignored;  // the file is only rubbish now; the error to tell is the first
        std::filesystem::remove(temporary, ignored);
        return written;
    }
    saved_end_ = end;
    return Ok{};
}

}  // namespace moat::collections
