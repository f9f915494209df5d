#include "adapters/rocksdb/twofold_files.h"

#include <filesystem>
#include <utility>

namespace moat::adapters::rocksdb_store {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

bool is_manifest(const std::string& path) {
    return std::filesystem::path(path).filename().string().starts_with("MANIFEST-");
}

// Does to the copy what is done to the manifest; the first failure is the failure of both.
class TwofoldFile final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    TwofoldFile(
        std::unique_ptr<rocksdb::FSWritableFile>&& file,
        std::unique_ptr<rocksdb::FSWritableFile>&& copy
    )
        : FSWritableFileOwnerWrapper(std::move(file)), copy_(std::move(copy)) {}

    IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* context)
        override {
        auto status = target()->Append(data, options, context);
        if (status.ok()) status = copy_->Append(data, options, context);
        return status;
    }
    IOStatus Append(
        const rocksdb::Slice& data,
        const IOOptions& options,
        const rocksdb::DataVerificationInfo& verification,
        IODebugContext* context
    ) override {
        auto status = target()->Append(data, options, verification, context);
        if (status.ok()) status = copy_->Append(data, options, verification, context);
        return status;
    }
    IOStatus Flush(const IOOptions& options, IODebugContext* context) override {
        auto status = target()->Flush(options, context);
        if (status.ok()) status = copy_->Flush(options, context);
        return status;
    }
    IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
        auto status = target()->Sync(options, context);
        if (status.ok()) status = copy_->Sync(options, context);
        return status;
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
        auto status = target()->Fsync(options, context);
        if (status.ok()) status = copy_->Fsync(options, context);
        return status;
    }
    IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* context)
        override {
        auto status = target()->Truncate(size, options, context);
        if (status.ok()) status = copy_->Truncate(size, options, context);
        return status;
    }
    IOStatus Close(const IOOptions& options, IODebugContext* context) override {
        auto status = target()->Close(options, context);
        auto copied = copy_->Close(options, context);
        return status.ok() ? copied : status;
    }

  private:
    const std::unique_ptr<rocksdb::FSWritableFile> copy_;
};

}  // namespace

IOStatus TwofoldFiles::NewWritableFile(
    const std::string& path,
    const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* file,
    IODebugContext* context
) {
    if (!is_manifest(path)) return target()->NewWritableFile(path, options, file, context);
    std::unique_ptr<rocksdb::FSWritableFile> first;
    std::unique_ptr<rocksdb::FSWritableFile> second;
    auto status = target()->NewWritableFile(path, options, &first, context);
    if (status.ok()) {
        status = target()->NewWritableFile(path + kCopySuffix, options, &second, context);
    }
    if (!status.ok()) return status;
    *file = std::make_unique<TwofoldFile>(std::move(first), std::move(second));
    return status;
}

IOStatus TwofoldFiles::DeleteFile(
    const std::string& path, const IOOptions& options, IODebugContext* context
) {
    auto status = target()->DeleteFile(path, options, context);
    if (status.ok() && is_manifest(path)) {
        // One of an earlier version has no copy. A copy that stays is removed at the next start.
        target()->DeleteFile(path + kCopySuffix, options, context).PermitUncheckedError();
    }
    return status;
}

}  // namespace moat::adapters::rocksdb_store
