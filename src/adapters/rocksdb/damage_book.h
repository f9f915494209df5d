#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moat::adapters::rocksdb_store {

// What is known of the damaged tables of a store, in a folder beside it which also has the tables
// that were set aside. On disk as damage.json, made when there is something to tell.
//
// Threads: any.
class DamageBook {
  public:
    struct LostTable {
        std::uint64_t number = 0;
        std::string family;  // the name of its column family
        std::string first;   // keys
        std::string last;
        std::string file;  // in the folder; empty: there was none any more
    };

    // A book that cannot be read is begun anew, and says so in the log: all tables are suspect
    // then.
    explicit DamageBook(std::filesystem::path folder);

    const std::filesystem::path& folder() const { return folder_; }

    // Tables to be looked at when the store is opened next; 0 stands for all.
    std::set<std::uint64_t> suspects() const;
    // Of a failure's text, which mostly names the table. Fails in silence but for the log: what it
    // notes is found again when it is read again.
    void suspect(std::string_view failure);
    Status clear_suspects();

    std::vector<LostTable> lost() const;
    Status add(LostTable table);
    // Those of the families for which `settled` holds are dealt with.
    Status settle(const std::set<std::string>& families);

  private:
    Status save();  // under mutex_
    bool read(std::string_view text);

    const std::filesystem::path folder_;
    mutable std::mutex mutex_;
    std::set<std::uint64_t> suspects_;  // guarded by mutex_
    std::vector<LostTable> lost_;       // guarded by mutex_
};

// The numbers of the tables that a text names ("... in /x/000012.sst offset ...").
std::set<std::uint64_t> tables_in(std::string_view text);

}  // namespace moat::adapters::rocksdb_store
