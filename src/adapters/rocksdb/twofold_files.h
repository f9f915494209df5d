#pragma once

#include <memory>
#include <string>

#include <rocksdb/file_system.h>

namespace moat::adapters::rocksdb_store {

// What the name of a manifest's copy ends in.
inline constexpr const char* kCopySuffix = ".copy";

// The files of a store, with each manifest written twice: without its list of files a store is
// lost, and the list is small. The copy lies beside, under a name that RocksDB passes over, and a
// sync is one of both. mending.h reads them. Threads: any.
class TwofoldFiles final : public rocksdb::FileSystemWrapper {
  public:
    explicit TwofoldFiles(const std::shared_ptr<rocksdb::FileSystem>& below)
        : FileSystemWrapper(below) {}

    const char* Name() const override { return "TwofoldFiles"; }

    rocksdb::IOStatus NewWritableFile(
        const std::string& path,
        const rocksdb::FileOptions& options,
        std::unique_ptr<rocksdb::FSWritableFile>* file,
        rocksdb::IODebugContext* context
    ) override;
    rocksdb::IOStatus DeleteFile(
        const std::string& path, const rocksdb::IOOptions& options, rocksdb::IODebugContext* context
    ) override;
};

}  // namespace moat::adapters::rocksdb_store
