#pragma once

#include <filesystem>
#include <memory>

#include "access/api_keys.h"
#include "adapters/sqlite/database.h"

namespace moat::sqlite {

// access::KeyStorage in a file of its own (keys/keys.db), so that a backup of the catalog carries
// no credentials. Threads: any. Owns: the file.
class KeyStorage final : public access::KeyStorage {
  public:
    // Makes the file, readable by its owner only. Errors: those of Database::open.
    static Result<std::unique_ptr<KeyStorage>> open(const std::filesystem::path& path);

    Status insert(const Record& record) override;
    Result<std::vector<Record>> list() override;
    Status remove(const std::string& id) override;
    Status set_last_used(const std::string& id, Time time) override;

  private:
    explicit KeyStorage(std::unique_ptr<Database> database) : database_(std::move(database)) {}

    const std::unique_ptr<Database> database_;
};

}  // namespace moat::sqlite
