#pragma once

#include <filesystem>
#include <string>

// A new empty directory, removed with its content by the destructor. For tests and for work that
// must not leave files behind. Threads: any.
namespace moat {

class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
    TempDir& operator=(TempDir&&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace moat
